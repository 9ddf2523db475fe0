"""Cases, and how long one iteration of each takes."""
import dataclasses
import resource
import time
from collections.abc import Callable


@dataclasses.dataclass
class Case:
    """`make` gives one iteration, ready to run, in one of the variants: layout of maps, with or without torch.compile."""
    name: str
    make: Callable[[str], Callable[[], object]]
    images: int = 0
    iterations: int = 0  # 0: as many as take a while
    variants: tuple[str, ...] = ("contiguous", "channels_last")


COMPILED = ("contiguous", "channels_last", "contiguous+compile", "channels_last+compile")


def layout(variant):
    import torch
    return torch.channels_last if variant.startswith("channels_last") else torch.contiguous_format


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
    if count and "compile" not in variant:
        result["gflop"] = count_gflop(run)
    for _ in range(2):  # compiles, allocates, warms up
        outcome = run()
    checks = outcome if isinstance(outcome, dict) else {}
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
