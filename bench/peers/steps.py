"""Whole steps, embeddings and the renderer: the names are those of berl's bench/train, bench/networks and bench/imaging."""
import functools

import torch

from networks import Bypass, CurricularFace, IResNet
from renderer import Renderer, bumps, waves
from timing import COMPILED, Case, autocast, is_compiled, layout, words

IDENTITIES = 1000


def training_step(name, batch, bypass, variant):
    """SGD on backbone and head, Adam on the bypass; rates so small that the pictures stay as hard as they are."""
    wrap = torch.compile if is_compiled(variant) else (lambda f: f)
    backbone = IResNet(name).to(memory_format=layout(variant)).train()
    head = CurricularFace(IDENTITIES)
    trunk, top = map(wrap, (backbone.trunk, backbone.top))
    optimisers = [torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=1e-6, momentum=0.9, weight_decay=5e-4, fused=True)]
    if bypass:
        recorded = "graph" in words(variant)
        renderer = Renderer(compiled=is_compiled(variant), same_boxes=recorded)
        networks = Bypass(renderer).to(memory_format=layout(variant))
        explain = wrap(networks)
        optimisers.append(torch.optim.Adam(networks.parameters(), lr=1e-6, weight_decay=5e-4, fused=True, capturable=recorded))
    images = torch.rand(batch, 3, 112, 112).mul_(2).sub_(1).to(memory_format=layout(variant))
    labels = torch.arange(batch) * 31 % IDENTITIES

    def run():
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        with autocast(variant):
            tap = trunk(images)
            loss = head(top(tap).float(), labels)
            if bypass:
                loss = loss + explain(images, tap)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        return {"loss": loss}

    return run


def embedding(name, batch, variant):
    backbone = IResNet(name).to(memory_format=layout(variant)).eval()
    images = torch.rand(batch, 3, 112, 112).to(memory_format=layout(variant))
    if is_compiled(variant):
        backbone = torch.compile(backbone, options={"freezing": True})  # folds batch norms, packs weights

    def run():
        with torch.no_grad(), autocast(variant):
            return backbone(images)

    return run


def rendering(S, batch, what, variant):
    renderer = Renderer(S, is_compiled(variant), same_boxes="graph" in words(variant))
    scene, d_image = bumps(batch, S), waves(batch, S)

    def forward():
        with torch.no_grad():
            return {"check": renderer(*scene)[0]}

    def forward_backward():
        for tensor in scene:
            tensor.grad = None
        image, _ = renderer(*scene)
        image.backward(d_image)
        return {"check": image, "check_gradient": scene[0].grad}

    return {"forward": forward, "forward_backward": forward_backward}[what]


def renderer_part(S, batch, part, what, variant):
    """One of the renderer's parts, for what the parts before it give; berl's bench/imaging/studio.hpp has the same."""
    renderer = Renderer(S, is_compiled(variant), same_boxes="graph" in words(variant))
    depth, albedo, light, view = bumps(batch, S)
    with torch.no_grad():
        normal = renderer.normals(depth)
        canonical, drawn = renderer.light(normal, albedo, light), renderer.rasterise(depth, view)
    function, given = {"normals": (renderer.normals, (depth,)),
                       "shading": (renderer.light, (normal, albedo, light)),
                       "rasterise": (renderer.rasterise, (depth, view)),
                       "warp": (lambda *maps: renderer.warp(*maps)[0], (canonical, drawn, view))}[part]
    if is_compiled(variant) and part != "rasterise":  # whose parts are
        function = torch.compile(function)
    if what == "forward":
        return torch.no_grad()(lambda: function(*given))
    given = [tensor.detach().requires_grad_() for tensor in given]
    y = function(*given)
    dy = torch.ones_like(y)
    return lambda: torch.autograd.grad(y, given, dy, retain_graph=True)


def cases():
    for name, batch, iterations in (("r18", 16, 5), ("r50", 8, 3), ("r100", 4, 3)):
        for bypass in (False, True):
            yield Case(f"step/{name}/b{batch}{'/bypass' if bypass else ''}", functools.partial(training_step, name, batch, bypass), batch,
                       iterations, COMPILED)
    for name in ("r18", "r100"):
        for batch in (1, 16):
            yield Case(f"embedding/{name}/b{batch}", functools.partial(embedding, name, batch), batch, 0, COMPILED)
    for what in ("forward", "forward_backward"):
        yield Case(f"renderer/whole/{what}/b32", functools.partial(rendering, 64, 32, what), 32, 0, ("contiguous", "contiguous+compile"))


def cuda_cases():
    """Those of berl's bench/cuda."""
    ways = "", "+graph", "+compile", "+compile+graph"
    large = tuple(f"{precision}+channels_last{way}" for way in ways for precision in ("bf16", "tf32"))
    plain = tuple(f"fp32{way}" for way in ways)
    for name, batch in (("r18", 128), ("r18", 256), ("r50", 128), ("r100", 128), ("r100", 200)):
        for bypass in (False, True):
            make = functools.partial(training_step, name, batch, bypass)
            yield Case(f"step/{name}/b{batch}{'/bypass' if bypass else ''}", make, batch, 5, large)
    for name in ("r18", "r50", "r100"):
        yield Case(f"embedding/{name}/b256", functools.partial(embedding, name, 256), 256, 0, large)
    for S in (64, 128):
        for batch in (1, 16, 64, 256, 1024):
            for what in ("forward", "forward_backward"):
                yield Case(f"renderer/whole/{what}/{S}x{S}/b{batch}", functools.partial(rendering, S, batch, what), batch, 0, plain)
    for S in (64, 128):
        for part in ("normals", "shading", "rasterise", "warp"):
            for what in ("forward", "backward"):
                for batch in (1, 64, 1024):
                    make = functools.partial(renderer_part, S, batch, part, what)
                    yield Case(f"renderer/{part}/{what}/{S}x{S}/b{batch}", make, batch, 0, plain[:3])
