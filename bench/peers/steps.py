"""Whole steps, embeddings and the renderer: the names are those of berl's bench/train, bench/networks and bench/imaging."""
import torch

from networks import Bypass, CurricularFace, IResNet
from renderer import Renderer, bumps
from timing import COMPILED, Case, layout

IDENTITIES = 1000


def training_step(name, batch, bypass, variant):
    """SGD on backbone and head, Adam on the bypass; rates so small that the pictures stay as hard as they are."""
    compiled = variant.endswith("compile")
    backbone = IResNet(name).to(memory_format=layout(variant)).train()
    head = CurricularFace(IDENTITIES)
    trunk, top = (torch.compile(f) if compiled else f for f in (backbone.trunk, backbone.top))
    optimisers = [torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=1e-6, momentum=0.9, weight_decay=5e-4, fused=True)]
    if bypass:
        networks = Bypass(Renderer(compiled)).to(memory_format=layout(variant))
        explain = torch.compile(networks) if compiled else networks
        optimisers.append(torch.optim.Adam(networks.parameters(), lr=1e-6, weight_decay=5e-4, fused=True))
    images = torch.rand(batch, 3, 112, 112).mul_(2).sub_(1).to(memory_format=layout(variant))
    labels = torch.arange(batch) * 31 % IDENTITIES

    def run():
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        tap = trunk(images)
        loss = head(top(tap), labels)
        if bypass:
            loss = loss + explain(images, tap)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        return {"loss": loss.item()}

    return run


def embedding(name, batch, variant):
    backbone = IResNet(name).to(memory_format=layout(variant)).eval()
    images = torch.rand(batch, 3, 112, 112).to(memory_format=layout(variant))
    if variant.endswith("compile"):
        backbone = torch.compile(backbone, options={"freezing": True})  # folds batch norms, packs weights
    return torch.no_grad()(lambda: backbone(images))


def rendering(batch, backward, variant):
    renderer, scene = Renderer(variant.endswith("compile")), bumps(batch)
    d_image = torch.sin(0.1 * (torch.arange(batch * 3 * 64 * 64) % 1000).double()).float().view(batch, 3, 64, 64)

    def forward():
        with torch.no_grad():
            image, _ = renderer(*scene)
        return {"check": image.abs().mean().item()}

    def forward_backward():
        for tensor in scene:
            tensor.grad = None
        image, _ = renderer(*scene)
        image.backward(d_image)
        return {"check": image.abs().mean().item(), "check_gradient": scene[0].grad.abs().mean().item()}

    return forward_backward if backward else forward


def cases():
    for name, batch, iterations in (("r18", 16, 5), ("r50", 8, 3), ("r100", 4, 3)):
        for bypass in (False, True):
            def step(variant, name=name, batch=batch, bypass=bypass):
                return training_step(name, batch, bypass, variant)

            yield Case(f"step/{name}/b{batch}{'/bypass' if bypass else ''}", step, batch, iterations, COMPILED)
    for name in ("r18", "r100"):
        for batch in (1, 16):
            def embed(variant, name=name, batch=batch):
                return embedding(name, batch, variant)

            yield Case(f"embedding/{name}/b{batch}", embed, batch, 0, COMPILED)
    for what in ("forward", "forward_backward"):
        yield Case(f"renderer/whole/{what}/b32", lambda variant, what=what: rendering(32, what == "forward_backward", variant), 32, 0,
                   ("contiguous", "contiguous+compile"))
