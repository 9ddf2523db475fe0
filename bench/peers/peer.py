#!/usr/bin/env python3
"""The same work in PyTorch. Prints one JSON object for each case that a regular expression matches and that has the variant.

    peer.py --list
    peer.py --threads 2 --variant channels_last '^step/r18/b16$'
"""
import argparse
import json
import os
import sys
import warnings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", default=".", help="regular expression")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", default="contiguous")
    parser.add_argument("--min-time", type=float, default=0.5, help="seconds")
    parser.add_argument("--count", action="store_true", help="count products and sums too")
    parser.add_argument("--list", action="store_true", help="print names and variants only")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    sys.dont_write_bytecode = True
    warnings.filterwarnings("ignore")

    import re

    import torch

    import layers
    import steps
    from timing import measure, peak_mib

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    before = peak_mib()
    for module in (layers, steps):
        for case in module.cases():
            if not re.search(arguments.cases, case.name):
                continue
            if arguments.list:
                print(json.dumps({"name": case.name, "variants": case.variants}))
            elif arguments.variant in case.variants:
                torch.compiler.reset()
                try:
                    result = measure(case, arguments.variant, arguments.min_time, arguments.count)
                except Exception as error:  # torch.compile does not take everything
                    result = {"name": case.name, "variant": arguments.variant, "error": str(error).strip().split("\n")[0]}
                print(json.dumps(result | {"threads": arguments.threads, "base_MiB": before, "torch": torch.__version__}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
