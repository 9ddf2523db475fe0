"""How long an iteration takes on a GPU, by the GPU's own clock."""
import gc

import torch

from timing import checks_of, count_gflop, is_compiled, words


def prepare():
    """What an experienced user sets, once."""
    torch.set_default_device("cuda")
    torch.backends.cudnn.benchmark = True
    torch._functorch.config.donated_buffer = False  # some cases pull back through one forward pass again and again


def graphed(run, stream):
    """The kernels of an iteration, recorded once and replayed."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        outcome = run()

    def replay():
        graph.replay()
        return outcome

    return replay


def seconds_of(run, iterations):
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(iterations):
        run()
    end.record()
    end.synchronize()
    return 1e-3 * begin.elapsed_time(end)


def measure(case, variant, min_time, count):
    """All iterations one behind the other, as berl's are."""
    torch.set_float32_matmul_precision("highest" if "fp32" in words(variant) else "high")
    torch.backends.cudnn.allow_tf32 = "fp32" not in words(variant)
    torch.cuda.reset_peak_memory_stats()
    result = {"name": case.name, "variant": variant}
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):  # where graphs are recorded: backward runs where forward ran
        run = case.make(variant)
        if count and not is_compiled(variant):
            result["gflop"] = count_gflop(run)
        for _ in range(3):  # compiles, chooses algorithms, allocates
            run()
        stream.synchronize()
        if "graph" in words(variant):
            run = graphed(run, stream)
        outcome = run()
        once = seconds_of(run, 1)
        iterations = max(case.iterations or 3, min(1000, int(min_time / once)))
        seconds = seconds_of(run, iterations)
        checks = checks_of(outcome)
    result |= {"seconds": seconds / iterations, "iterations": iterations, "peak_MiB": torch.cuda.max_memory_allocated() / 2**20}
    if case.images:
        result["images_per_second"] = case.images * iterations / seconds
    return result | checks


def forget():
    """Gives back what a case took, for the next one and for berl."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
