"""Single layers: the names and shapes are those of berl's bench/nn and bench/losses."""
import functools

import torch
import torch.nn.functional as F

from networks import CurricularFace
from timing import Case, autocast, is_compiled, layout


def maps(batch, channels, side, variant):
    return torch.rand(batch, channels, side, side).mul_(2).sub_(1).to(memory_format=layout(variant))


def resnet_convolutions():
    yield 3, 64, 3, 1, 1, 112, False
    for c, m, side in ((64, 64, 112), (64, 128, 56), (128, 256, 28), (256, 512, 14)):
        yield c, m, 3, 1, 1, side, False
        yield m, m, 3, 2, 1, side, False
        yield c, m, 1, 2, 0, side, False
        yield m, m, 3, 1, 1, side // 2, False


def bypass_convolutions():
    yield from ((c, m, 4, 2, 1, side, False) for c, m, side in ((3, 32, 64), (32, 64, 32), (64, 128, 16), (128, 256, 8), (256, 512, 8)))
    yield from ((256, 256, 4, 1, 0, 4, False), (256, 6, 1, 1, 0, 1, False), (256, 4, 1, 1, 0, 1, False))
    yield from ((256, 256, 4, 2, 2, 14, False), (512, 256, 4, 1, 0, 4, False), (256, 512, 4, 1, 0, 1, True))
    yield from ((2 * m, m, 4, 2, 1, side, True) for m, side in ((256, 4), (128, 8), (64, 16)))
    yield from ((c, c, 3, 1, 1, side, False) for c, side in ((512, 4), (256, 8), (128, 16), (64, 32), (64, 64)))
    yield from ((64, m, 5, 1, 2, 64, False) for m in (64, 1, 3))


def convolution(c, m, k, s, p, side, transposed, batch, what, variant):
    """One of the three products of a convolution: forward, data, weight."""
    kind = torch.bfloat16 if "bf16" in variant else torch.float32
    x = maps(batch, c, side, variant).to(kind)
    weight = torch.rand(*((c, m) if transposed else (m, c)), k, k).sub_(0.5).to(kind, memory_format=layout(variant))
    settings = [s, s], [p, p], [1, 1], transposed, [0, 0], 1
    y = torch.ops.aten.convolution(x, weight, None, *settings)
    dy = torch.rand_like(y)
    if what == "forward":
        return lambda: torch.ops.aten.convolution(x, weight, None, *settings)
    wanted = [what == "data", what == "weight", False]
    return lambda: torch.ops.aten.convolution_backward(dy, x, weight, None, *settings, wanted)


def convolutions(shapes, batches, variants):
    for c, m, k, s, p, side, transposed in shapes:
        kernel = f"{'t' if transposed else ''}{k}x{k}{f's{s}' if s > 1 else ''}"
        for batch in batches:
            for what in ("forward", "data", "weight"):
                make = functools.partial(convolution, c, m, k, s, p, side, transposed, batch, what)
                yield Case(f"conv/{kernel}/{c}-{m}/{side}/b{batch}/{what}", make, variants=variants)


def with_gradient(name, function, x, parameters=()):
    """`function` of fresh maps, forward and backward. Both keep what autograd keeps."""

    def forward(variant):
        maps_in = x(variant).requires_grad_()
        return lambda: function(maps_in)

    def backward(variant):
        maps_in = x(variant).requires_grad_()
        y = function(maps_in)
        dy = torch.rand_like(y)
        return lambda: torch.autograd.grad(y, [maps_in, *parameters], dy, retain_graph=True)

    yield Case(name + "/forward", forward)
    yield Case(name + "/backward", backward)


def pointwise_and_norms():
    def shape(c, side):
        return lambda variant: maps(8, c, side, variant)

    for c, side in ((64, 112), (64, 56), (128, 28), (256, 14), (512, 7)):
        weight, bias = (torch.rand(c).requires_grad_() for _ in range(2))
        mean, var = torch.zeros(c), torch.ones(c)

        def norm(x, training=True, weight=weight, bias=bias, mean=mean, var=var):
            return F.batch_norm(x, mean, var, weight, bias, training)

        def inference(variant, c=c, side=side, norm=norm):
            x = maps(8, c, side, variant)
            return torch.no_grad()(lambda: norm(x, False))

        def addition(variant, c=c, side=side, norm=norm):
            x = maps(8, c, side, variant).requires_grad_()
            return lambda: norm(x) + x

        yield from with_gradient(f"layer/batch_norm/{c}/{side}/b8", norm, shape(c, side), (weight, bias))
        yield from with_gradient(f"layer/prelu/{c}/{side}/b8", lambda x, weight=weight: F.prelu(x, weight), shape(c, side), (weight,))
        yield Case(f"layer/batch_norm_inference/{c}/{side}/b8", inference)
        yield Case(f"layer/batch_norm_and_addition/{c}/{side}/b8", addition)
    for c, side in ((64, 64), (64, 32), (256, 8)):
        weight, bias = (torch.rand(c).requires_grad_() for _ in range(2))
        norm = lambda x, c=c, weight=weight, bias=bias: F.group_norm(x, c // 4, weight, bias)  # noqa: E731
        yield from with_gradient(f"layer/group_norm/{c}/{side}/b8", norm, shape(c, side), (weight, bias))
        yield from with_gradient(f"layer/relu/{c}/{side}/b8", F.relu, shape(c, side))
    for c, side in ((256, 8), (512, 4)):
        yield from with_gradient(f"layer/leaky_relu/{c}/{side}/b8", lambda x: F.leaky_relu(x, 0.2), shape(c, side))
    yield from with_gradient("layer/upsample/64/32/b8", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), shape(64, 32))
    yield from with_gradient("layer/tanh/3/64/b8", torch.tanh, shape(3, 64))


def linear():
    for batch in (1, 4, 16):
        weight, bias = torch.rand(512, 25088).sub_(0.5).requires_grad_(), torch.rand(512).requires_grad_()
        cases = with_gradient(f"linear/25088-512/b{batch}", lambda x, weight=weight, bias=bias: F.linear(x, weight, bias),
                              lambda _, batch=batch: torch.rand(batch, 25088), (weight, bias))
        for case in cases:
            case.variants = ("contiguous",)
            yield case


def head_step(identities, batch, variant):
    head = CurricularFace(identities)
    embedding, labels = torch.randn(batch, 512).requires_grad_(), torch.arange(batch) * 997 % identities
    loss = torch.compile(head) if is_compiled(variant) else head

    def run():
        head.weight.grad = embedding.grad = None
        with autocast(variant):
            value = loss(embedding, labels)
        value.backward()

    return run


def heads():
    for identities in (1000, 10_000, 85_742):
        for batch in (16, 64):
            yield Case(f"head/{identities}/b{batch}", functools.partial(head_step, identities, batch),
                       variants=("contiguous", "contiguous+compile"))


def cases():
    both = "contiguous", "channels_last"
    yield from convolutions((*resnet_convolutions(), *bypass_convolutions()), (4, 8), both)
    yield from pointwise_and_norms()
    yield from linear()
    yield from heads()


def cuda_cases():
    """Those of berl's bench/cuda."""
    first = ((3, 64, 3, 1, 1, 112, False), (3, 32, 4, 2, 1, 64, False))
    stages = ((64, 112), (128, 56), (256, 28), (512, 14))
    shapes = ((c, c, 3, s, 1, side // (3 - s), False) for c, side in stages for s in (2, 1))
    yield from convolutions((*first, *shapes), (128,), ("fp32+channels_last", "tf32+channels_last", "bf16+channels_last"))
    yield Case("head/85742/b200", functools.partial(head_step, 85_742, 200),
               variants=tuple(precision + way for way in ("", "+graph", "+compile") for precision in ("fp32", "tf32", "bf16")))
