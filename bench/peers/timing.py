"""Cases, and how long one iteration of each takes."""
import dataclasses
import resource
import time
from collections.abc import Callable


@dataclasses.dataclass
class Case:
    """`make` gives one iteration, ready to run, in one of the variants: words with a + between them, of which layout, is_compiled and
    autocast know theirs. What an iteration returns in a dict are tensors to compare with berl's checks."""
    name: str
    make: Callable[[str], Callable[[], object]]
    images: int = 0
    iterations: int = 0  # 0: as many as take a while
    variants: tuple[str, ...] = ("contiguous", "channels_last")


COMPILED = ("contiguous", "channels_last", "contiguous+compile", "channels_last+compile")


def words(variant):
    return variant.split("+")


def layout(variant):
    import torch
    return torch.channels_last if "channels_last" in words(variant) else torch.contiguous_format


def is_compiled(variant):
    return "compile" in words(variant)


def autocast(variant):
    import torch
    return torch.autocast("cuda", torch.bfloat16, enabled="bf16" in words(variant))


def checks_of(outcome):
    """The mean magnitudes of the tensors that an iteration gave."""
    return {key: value.detach().abs().mean().item() for key, value in outcome.items()} if isinstance(outcome, dict) else {}


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def count_gflop(run):
    """Products and sums as PyTorch's own counter sees them."""
    from torch.utils.flop_counter import FlopCounterMode
    counter = FlopCounterMode(display=False)
    with counter:
        run()
    return counter.get_total_flops() * 1e-9


def measure(case, variant, min_time, count):
    run = case.make(variant)
    result = {"name": case.name, "variant": variant}
    if count and not is_compiled(variant):
        result["gflop"] = count_gflop(run)
    for _ in range(2):  # compiles, allocates, warms up
        outcome = run()
    checks = checks_of(outcome)
    del outcome
    iterations, seconds = 0, 0.0
    while iterations < case.iterations or (not case.iterations and (seconds < min_time or iterations < 3)):
        start = time.perf_counter()
        run()
        seconds += time.perf_counter() - start
        iterations += 1
    result |= {"seconds": seconds / iterations, "iterations": iterations, "peak_MiB": peak_mib()}
    if case.images:
        result["images_per_second"] = case.images * iterations / seconds
    return result | checks
