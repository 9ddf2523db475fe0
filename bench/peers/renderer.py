"""berl's renderer in PyTorch: normals, shading, a rasteriser of the 2 (S - 1)^2 triangles of the depth map, and a warp by grid_sample.

All images and triangles at once: the rasteriser lets every triangle try the samples of its box (no gradient), keeps the nearest one of
each sample by scatter_reduce, and computes the depth of the winners again with gradient.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

A = 2  # samples per pixel and axis
FAR, LOW, HIGH = 100.0, 0.8, 1.2


def rotation(view):
    r = view[:, :3] * (math.pi / 3)
    (cx, cy, cz), (sx, sy, sz) = r.cos().unbind(1), r.sin().unbind(1)
    rows = (cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
            sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
            -sy, cy * sx, cy * cx)
    return torch.stack(rows, 1).view(-1, 3, 3)


def translation(view):
    return F.pad(0.1 * view[:, 3:5], (0, 1))


def corners_of_faces(S):
    """(2 (S - 1)^2, 3) indices of vertices: a, b, c of all upper triangles, then d, c, b of the lower ones."""
    index = torch.arange(S * S).view(S, S)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[:-1, 1:], index[1:, 1:]
    return torch.stack([torch.stack([a, b, c], -1), torch.stack([d, c, b], -1)]).view(-1, 3)


def side(x0, y0, x1, y1, px, py):
    return (x1 - x0) * (py - y0) - (y1 - y0) * (px - x0)


def triangles(x, y, q):
    """What the samples of all upper and lower triangles need, (N, 2, S - 1, S - 1) each, and how wide the widest box is."""
    last = A * x.shape[-1] - 1

    def cells(t):  # the corners a, b, c, d of all cells
        return t[:, :-1, :-1], t[:, 1:, :-1], t[:, :-1, 1:], t[:, 1:, 1:]

    def both(upper, lower):
        return torch.stack([upper, lower], 1)

    def lowest(a, b, c):
        return torch.minimum(torch.minimum(a, b), c)

    (ax, bx, cx, dx), (ay, by, cy, dy), (aq, bq, cq, dq) = cells(x), cells(y), cells(q)
    # edges run from the lower to the higher index, so that both neighbours see the same numbers: level, upright, diagonal
    level = both(ax, bx), both(ay, by), both(cx, dx), both(cy, dy)
    upright = both(ax, cx), both(ay, cy), both(bx, dx), both(by, dy)
    diagonal = tuple(t.unsqueeze(1) for t in (cx, cy, bx, by))
    scale = both(-1 / side(ax, ay, bx, by, cx, cy), 1 / side(cx, cy, bx, by, dx, dy))
    q0 = both(aq, dq)
    depths = q0, both(bq, cq) - q0, both(cq, bq) - q0
    left, top = both(lowest(ax, bx, cx), lowest(dx, bx, cx)), both(lowest(ay, by, cy), lowest(dy, by, cy))
    left, top = left.ceil().clamp(0, last + 1), top.ceil().clamp(0, last + 1)
    right, bottom = -both(lowest(-ax, -bx, -cx), lowest(-dx, -bx, -cx)), -both(lowest(-ay, -by, -cy), lowest(-dy, -by, -cy))
    size = torch.stack([(right.clamp_max(last) - left).max(), (bottom.clamp_max(last) - top).max()])
    return (level, upright, diagonal, scale, depths, left, top), size


def trial(parts, order, i, j):
    """Sample (i, j) of the box of every triangle: where it is, and (bits of the inverse depth, face), of which the larger wins."""
    level, upright, diagonal, scale, (q, qb, qc), left, top = parts
    px, py, last = left + i, top + j, A * (left.shape[-1] + 1) - 1
    wa, wb, wc = scale * side(*diagonal, px, py), scale * side(*level, px, py), -scale * side(*upright, px, py)
    inside = (wa >= 0) & (wb >= 0) & (wc >= 0) & (px <= last) & (py <= last)
    key = (q + wb * qb + wc * qc).view(torch.int32).to(torch.int64) * 2**32 + order
    return torch.where(inside, py * (last + 1) + px, (last + 1) ** 2).to(torch.int64).flatten(1), key.flatten(1)


class Renderer(nn.Module):
    """(depth, albedo, light, view) to (image, mask), as berl::imaging::render with the default settings. With `same_boxes` the widest box
    is that of the first call, so that later ones wait for nothing that the GPU has computed."""

    def __init__(self, S=64, compiled=False, same_boxes=False):
        super().__init__()
        self.S, self.same_boxes, self.boxes = S, same_boxes, None
        self.focal = (S - 1) / (2 * math.tan(math.radians(5)))
        ray = (torch.arange(S) - (S - 1) / 2) / self.focal
        v, u = torch.meshgrid(ray, ray, indexing="ij")
        self.register_buffer("rays", torch.stack([u, v, torch.ones_like(u)]))
        self.register_buffer("centre", torch.tensor([0.0, 0.0, 1.0]).view(3, 1))
        self.register_buffer("faces", corners_of_faces(S))
        sample = torch.arange(A * S, dtype=torch.float32)
        self.register_buffer("sample", sample)
        self.register_buffer("samples", torch.stack([sample.repeat(A * S), sample.repeat_interleave(A * S)]))
        self.register_buffer("order", (2**31 - 1 - torch.arange(2 * (S - 1) ** 2)).view(2, S - 1, S - 1))
        wrap = torch.compile if compiled else (lambda f: f)
        self.shade, self.project, self.draw, self.grid = map(wrap, (self.shade, self.project, self.draw, self.grid))
        self.triangles, self.trial = wrap(triangles), wrap(trial)

    def normals(self, depth):
        points = depth * self.rays
        tu = points[:, :, 1:-1, 2:] - points[:, :, 1:-1, :-2]
        tv = points[:, :, 2:, 1:-1] - points[:, :, :-2, 1:-1]
        c = torch.linalg.cross(tu, tv, dim=1)
        n = c / (c.norm(dim=1, keepdim=True) + 1e-7)
        frame = n.new_zeros(n.shape[0], 3, self.S, self.S)
        frame[:, 2] = 1 / (1 + 1e-7)
        frame[:, :, 1:-1, 1:-1] = n
        return frame

    def light(self, normal, albedo, light):
        ambient, diffuse = ((1 + light[:, i]).view(-1, 1, 1, 1) / 2 for i in (0, 1))
        direction = F.normalize(torch.cat([light[:, 2:], torch.ones_like(light[:, :1])], 1), dim=1)
        shading = (normal * direction[:, :, None, None]).sum(1, keepdim=True).clamp_min(0)
        return 2 * ((albedo / 2 + 0.5) * (ambient + diffuse * shading)) - 1

    def shade(self, depth, albedo, light):
        return self.light(self.normals(depth), albedo, light)

    def project(self, depth, view):
        points = (depth * self.rays).flatten(2)
        moved = rotation(view) @ (points - self.centre) + self.centre + translation(view)[:, :, None]
        x, y, z = moved.unbind(1)
        k = A * self.focal / (z + 1e-9)
        shift = A * (self.S - 1) / 2 - 0.5
        return torch.stack([k * x + shift, k * y + shift, 1 / z], -1)  # (N, S S, 3)

    @torch.no_grad()
    @torch.compiler.disable(recursive=False)  # compiling its parts is enough
    def winners(self, x, y, q):
        """The face drawn at each sample, (N, (A S)^2), -1 for none. x, y, q: (N, S, S), projected corners and inverse depths."""
        parts, size = self.triangles(x, y, q)
        if self.boxes is None or not self.same_boxes:
            self.boxes = tuple(int(t) + 1 for t in size)
        wide, high = self.boxes
        best = x.new_zeros(x.shape[0], (A * self.S) ** 2 + 1, dtype=torch.int64)
        for j in range(high):
            for i in range(wide):
                at, key = self.trial(parts, self.order, self.sample[i], self.sample[j])
                best.scatter_reduce_(1, at, key, "amax", include_self=True)
        best = best[:, :-1]
        return torch.where(best > 0, 2**31 - 1 - best % 2**32, -1)

    def draw(self, corners, face):
        """The depth of the faces that won, clamped, (N, 1, S, S), and where there is any."""
        n, S = corners.shape[0], self.S
        rows = self.faces[face.clamp_min(0)] + (torch.arange(n, device=corners.device) * S * S).view(n, 1, 1)
        picked = corners.reshape(-1, 3).index_select(0, rows.flatten()).view(n, -1, 3, 3)  # sample, corner, (x, y, q)
        (ax, ay, aq), (bx, by, bq), (cx, cy, cq) = (picked[:, :, k].unbind(-1) for k in range(3))
        px, py = self.samples
        area = side(ax, ay, bx, by, cx, cy)
        wb, wc = side(cx, cy, ax, ay, px, py) / area, side(ax, ay, bx, by, px, py) / area
        depth = torch.where(face >= 0, 1 / (aq + wb * (bq - aq) + wc * (cq - aq)), FAR)
        mean = F.avg_pool2d(depth.view(n, 1, A * S, A * S), A)
        return mean.clamp(LOW, HIGH)

    def grid(self, depth, view):
        points = (depth * self.rays).flatten(2)
        moved = rotation(view).transpose(1, 2) @ (points - translation(view)[:, :, None] - self.centre) + self.centre
        xy = (2 * self.focal / (self.S - 1)) * moved[:, :2] / moved[:, 2:]
        return xy.view(-1, 2, self.S, self.S).permute(0, 2, 3, 1)

    def rasterise(self, depth, view):
        corners = self.project(depth, view)
        x, y, q = (corners.detach()[..., k].view(-1, self.S, self.S) for k in range(3))
        return self.draw(corners, self.winners(x, y, q))

    def warp(self, canonical, drawn, view):
        mask = (drawn < HIGH).to(drawn.dtype).detach()
        return F.grid_sample(canonical, self.grid(drawn, view), mode="bilinear", padding_mode="zeros", align_corners=True) * mask, mask

    def forward(self, depth, albedo, light, view):
        return self.warp(self.shade(depth, albedo, light), self.rasterise(depth, view), view)


def bumps(n, S=64):
    """The scene of berl's bench/imaging/scene.hpp."""
    k, i = torch.arange(n, dtype=torch.float64), torch.arange(S, dtype=torch.float64)
    k4, v, u = k.view(-1, 1, 1, 1), i.view(1, 1, -1, 1), i.view(1, 1, 1, -1)
    c = torch.arange(3, dtype=torch.float64).view(1, 3, 1, 1)
    r = ((u - (S - 1) / 2) ** 2 + (v - (S - 1) / 2) ** 2) / (S * S / 8)
    depth = 1.04 - 0.1 * torch.exp(-r) + 0.002 * torch.sin(0.5 * u + k4) * torch.cos(0.4 * v)
    albedo = 0.8 * torch.sin(0.21 * u + 0.13 * v + c + k4)
    light = 0.5 * torch.sin(1 + k[:, None] + 2 * torch.arange(4))
    view = 0.5 * torch.sin(2 + 3 * k[:, None] + torch.arange(6))
    return [t.float().contiguous().requires_grad_() for t in (depth, albedo, light, view)]


def waves(n, S=64):
    """The gradient of the image, as there."""
    return torch.sin(0.1 * (torch.arange(n * 3 * S * S) % 1000).double()).float().view(n, 3, S, S)
