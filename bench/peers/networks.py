"""The networks of berl in PyTorch, as an experienced user would write them: IResNet, the head, and the bypass."""
import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = {"r18": (2, 2, 2, 2), "r50": (3, 4, 14, 3), "r100": (3, 13, 30, 3)}
PARAMETERS = {"r18": 24_025_600, "r50": 43_590_848, "r100": 65_156_160}


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    """Pictures (N, 3, 112, 112) to embeddings (N, 512), and the features after stage 3."""

    def __init__(self, name):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        stages, inputs = [], 64
        for count, outputs in zip(BLOCKS[name], (64, 128, 256, 512)):
            stages.append(nn.Sequential(*(Block(inputs if k == 0 else outputs, outputs, 2 if k == 0 else 1) for k in range(count))))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.bn2 = nn.BatchNorm2d(512)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(512 * 7 * 7, 512)
        self.features = nn.BatchNorm1d(512)
        self.features.weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.1)
        found = sum(p.numel() for p in self.parameters())
        assert found == PARAMETERS[name], f"{name} has {found} parameters, not {PARAMETERS[name]}"

    def trunk(self, x):
        x = self.stem(x)
        for stage in self.stages[:3]:
            x = stage(x)
        return x

    def top(self, tap):
        x = self.dropout(self.bn2(self.stages[3](tap)).flatten(1))
        return self.features(self.fc(x))

    def forward(self, x):
        return self.top(self.trunk(x))


class CurricularFace(nn.Module):
    def __init__(self, identities, scale=64.0, margin=0.5):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(identities, 512) * 0.01)
        self.register_buffer("t", torch.zeros(()))
        self.scale = scale
        margin = torch.tensor(margin)
        self.cos_m, self.sin_m = margin.cos().item(), margin.sin().item()
        self.threshold, self.shift = -self.cos_m, (self.sin_m * margin).item()

    def forward(self, embedding, labels):
        cosine = F.linear(F.normalize(embedding), F.normalize(self.weight)).float().clamp(-1, 1)
        rows = torch.arange(labels.numel(), device=labels.device)
        own = cosine[rows, labels]
        moved = own * self.cos_m - (1 - own * own).clamp_min(1e-12).sqrt() * self.sin_m
        with torch.no_grad():
            self.t.mul_(0.99).add_(own.mean(), alpha=0.01)
        target = torch.where(own > self.threshold, moved, own - self.shift)
        logits = torch.where(cosine > moved.detach()[:, None], cosine * (self.t + cosine), cosine)
        logits = logits.index_put((rows, labels), target)
        return F.cross_entropy(logits * self.scale, labels)


def iia(outputs):
    layers, inputs = [], 3
    for width in (32, 64, 128, 256):
        layers += [nn.Conv2d(inputs, width, 4, 2, 1, bias=False), nn.ReLU(inplace=True)]
        inputs = width
    layers += [nn.Conv2d(256, 256, 4, 1, 0, bias=False), nn.ReLU(inplace=True), nn.Conv2d(256, outputs, 1, bias=False), nn.Tanh()]
    return nn.Sequential(*layers)


def ira(outputs):
    def norm(channels):
        return [nn.GroupNorm(channels // 4, channels), nn.ReLU(inplace=True)]

    def same(channels, kernel=3):
        return nn.Conv2d(channels, channels, kernel, 1, kernel // 2, bias=False)

    layers = [nn.Conv2d(256, 256, 4, 2, 2, bias=False), nn.GroupNorm(64, 256), nn.LeakyReLU(0.2, inplace=True),
              nn.Conv2d(256, 512, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
              nn.Conv2d(512, 256, 4, 1, 0, bias=False), nn.ReLU(inplace=True),
              nn.ConvTranspose2d(256, 512, 4, 1, 0, bias=False), nn.ReLU(inplace=True), same(512), nn.ReLU(inplace=True)]
    for width in (256, 128, 64):
        layers += [nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), *norm(width), same(width), *norm(width)]
    layers += [nn.Upsample(scale_factor=2, mode="nearest"), same(64), *norm(64), same(64, 5), *norm(64),
               nn.Conv2d(64, outputs, 5, 1, 2, bias=False)]
    return nn.Sequential(*layers)


class Bypass(nn.Module):
    """View, light, depth and albedo networks; the reconstruction loss of the picture that they explain."""

    def __init__(self, renderer):
        super().__init__()
        self.view, self.light, self.depth, self.albedo = iia(6), iia(4), ira(1), ira(3)
        self.renderer = renderer
        found = sum(p.numel() for p in self.parameters())
        assert found == 30_221_056, f"the bypass has {found} parameters, not 30221056"

    def forward(self, pictures, tap):
        image = F.interpolate(pictures, size=(64, 64), mode="bilinear", align_corners=False)
        raw = self.depth(tap).float()
        depth = 1 + 0.1 * torch.tanh(raw - raw.mean((1, 2, 3), keepdim=True))
        border = depth.new_full((depth.shape[0], 1, 64, 2), 1.04)
        depth = torch.cat([border, depth[..., 2:-2], border], 3)
        light, view = self.light(image).flatten(1), self.view(image).flatten(1)
        scene = depth, torch.tanh(self.albedo(tap)), light, view
        with torch.autocast(pictures.device.type, enabled=False):  # a depth rounded to 8 bits is none
            rendered, mask = self.renderer(*(t.float().contiguous() for t in scene))
        return ((rendered - image).abs() * mask).sum() / (3 * mask.sum()).clamp_min(1)
