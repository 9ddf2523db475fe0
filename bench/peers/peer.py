#!/usr/bin/env python3
"""The same work in PyTorch. Prints one JSON object for each case that a regular expression matches and that has the variant.

    peer.py --list
    peer.py --threads 2 --variant channels_last '^step/r18/b16$'
    peer.py --device cuda --ask < names and variants, one pair a line
"""
import argparse
import json
import os
import re
import sys
import warnings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", default=".", help="regular expression")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", default="contiguous")
    parser.add_argument("--min-time", type=float, default=0.5, help="seconds")
    parser.add_argument("--count", action="store_true", help="count products and sums too")
    parser.add_argument("--list", action="store_true", help="print names and variants only")
    parser.add_argument("--ask", action="store_true", help="measure what standard input asks for, as it comes")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    sys.dont_write_bytecode = True
    warnings.filterwarnings("ignore")

    import torch

    import gpu
    import layers
    import steps
    import timing

    on_gpu = arguments.device == "cuda"
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    before = timing.peak_mib()
    known = {case.name: case for module in (layers, steps) for case in (module.cuda_cases() if on_gpu else module.cases())}
    chosen = [case for name, case in known.items() if re.search(arguments.cases, name)]
    if arguments.list:
        for case in chosen:
            print(json.dumps({"name": case.name, "variants": case.variants}))
        return
    if on_gpu:
        gpu.prepare()
    if arguments.ask:
        wanted = ((known[name], variant) for name, variant in map(str.split, sys.stdin))
    else:
        wanted = ((case, arguments.variant) for case in chosen if arguments.variant in case.variants)
    for case, variant in wanted:
        torch.compiler.reset()
        try:
            result = (gpu if on_gpu else timing).measure(case, variant, arguments.min_time, arguments.count)
        except Exception as error:  # torch.compile does not take everything
            result = {"name": case.name, "variant": variant, "error": str(error).strip().split("\n")[0]}
        print(json.dumps(result | {"threads": arguments.threads, "base_MiB": before, "torch": torch.__version__}), flush=True)
        gpu.forget()


if __name__ == "__main__":
    sys.exit(main())
