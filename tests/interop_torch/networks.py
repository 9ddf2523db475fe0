"""The two families of backbones that berl exchanges weights with, in PyTorch, from their published tables of layers.

IResNet has the parameter names of InsightFace's arcface_torch, IR those of CurricularFace.
"""
import torch
from torch import nn

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}


def conv(channels, maps, size, stride=1):
    return nn.Conv2d(channels, maps, size, stride, size // 2, bias=False)


class IResNetBlock(nn.Module):
    """bn3(conv2(prelu(bn2(conv1(bn1(x)))))) + shortcut(x); conv2 has the stride."""

    def __init__(self, channels, maps, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), conv(channels, maps, 3)
        self.bn2, self.prelu = nn.BatchNorm2d(maps), nn.PReLU(maps)
        self.conv2, self.bn3 = conv(maps, maps, 3, stride), nn.BatchNorm2d(maps)
        changes = stride != 1 or channels != maps
        self.downsample = nn.Sequential(conv(channels, maps, 1, stride), nn.BatchNorm2d(maps)) if changes else None

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    def __init__(self, depth, width=64, embedding=512, dropout=0.0):
        super().__init__()
        self.conv1, self.bn1, self.prelu = conv(3, width, 3), nn.BatchNorm2d(width), nn.PReLU(width)
        channels = width
        for stage, count in enumerate(BLOCKS[depth]):
            maps = width << stage
            blocks = [IResNetBlock(channels, maps, 2)] + [IResNetBlock(maps, maps, 1) for _ in range(count - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            channels = maps
        self.bn2, self.dropout = nn.BatchNorm2d(channels), nn.Dropout(dropout)
        self.fc = nn.Linear(channels * 49, embedding)
        self.features = nn.BatchNorm1d(embedding)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.dropout(torch.flatten(self.bn2(x), 1))))


class IRBlock(nn.Module):
    """BN, conv, PReLU, conv with the stride, BN, beside a shortcut without parameters unless the channels change."""

    def __init__(self, channels, maps, stride):
        super().__init__()
        if channels == maps:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(conv(channels, maps, 1, stride), nn.BatchNorm2d(maps))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels), conv(channels, maps, 3), nn.PReLU(maps), conv(maps, maps, 3, stride), nn.BatchNorm2d(maps))

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


class IR(nn.Module):
    def __init__(self, depth, width=64, embedding=512):
        super().__init__()
        self.input_layer = nn.Sequential(conv(3, width, 3), nn.BatchNorm2d(width), nn.PReLU(width))
        blocks, channels = [], width
        for stage, count in enumerate(BLOCKS[depth]):
            for k in range(count):
                blocks.append(IRBlock(channels, width << stage, 2 if k == 0 else 1))
                channels = width << stage
        self.body = nn.Sequential(*blocks)
        self.output_layer = nn.Sequential(nn.BatchNorm2d(channels), nn.Dropout(0.4), nn.Flatten(), nn.Linear(channels * 49, embedding),
                                          nn.BatchNorm1d(embedding, affine=False))

    def forward(self, x):
        return self.output_layer(self.body(self.input_layer(x)))


def fill(network, seed):
    """Weights and statistics of a network that has been trained, as far as sizes go: no layer's are ones and zeros."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(tensor, low, high):
        with torch.no_grad():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = (3 / module.weight[0].numel()) ** 0.5
            uniform(module.weight, -bound, bound)
            if module.bias is not None:
                uniform(module.bias, -0.1, 0.1)
        elif isinstance(module, nn.PReLU):
            uniform(module.weight, 0.15, 0.35)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            uniform(module.running_mean, -0.1, 0.1)
            uniform(module.running_var, 0.8, 1.2)
            if module.affine:
                uniform(module.weight, 0.9, 1.1)
                uniform(module.bias, -0.1, 0.1)
    for name, module in network.named_modules():  # so that sums over many blocks stay of order 1
        if name.endswith("bn3") or name.endswith("res_layer.4"):
            uniform(module.weight, 0.2, 0.3)
    if hasattr(network, "features"):
        with torch.no_grad():
            network.features.weight.fill_(1)
    return network.eval()
