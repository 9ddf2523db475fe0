#!/usr/bin/env python3
"""Runs berl's benchmarks and the PyTorch peer in turn and prints the ratios of their median times. Called by scripts/compare.sh.

First every variant of the peer (layout, torch.compile) is timed once, and the fastest of each case goes on: --best keeps the choice.
Then each round runs berl and the peer, group by group. Steps and embeddings have a process each, so that its peak memory is theirs.
"""
import argparse
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ALONE = ("step", "embedding")  # a process for each case


def text_of(command, timeout=None):
    """What the command prints, until it takes too long; a failure ends everything."""
    command = list(map(str, command))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(command, timeout=timeout, stdout=out, stderr=errors)
            if done.returncode != 0:
                errors.seek(0)
                sys.exit(f"{' '.join(command)}\n{errors.read()[-2000:]}")
        except subprocess.TimeoutExpired:
            pass
        out.seek(0)
        return out.read()


class Berl:
    """The benchmark programs: {name: program}, and their results."""

    def __init__(self, folder, threads, min_time):
        self.threads, self.min_time, self.program = threads, min_time, {}
        for program in sorted(pathlib.Path(folder).glob("berl_bench_*")):
            if program.suffix:
                continue
            for line in text_of([program, "--benchmark_list_tests"]).splitlines():
                if f"/threads:{threads}/" in line:
                    self.program[line.split("/threads:")[0]] = program

    def run(self, names):
        results = {}
        for program in sorted({self.program[name] for name in names}):
            pattern = "|".join(re.escape(name).replace("\\-", "-") for name in names if self.program[name] == program)
            with tempfile.NamedTemporaryFile(suffix=".json") as out:
                text_of([program, f"--benchmark_filter=^({pattern})/threads:{self.threads}/", f"--benchmark_min_time={self.min_time}",
                         f"--benchmark_out={out.name}", "--benchmark_out_format=json"])
                for row in json.load(open(out.name))["benchmarks"]:
                    if row.get("error_occurred"):
                        sys.exit(f"{row['name']}: {row['error_message']}")
                    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[row["time_unit"]]
                    results[row["name"].split("/threads:")[0]] = row | {"seconds": row["real_time"] * scale}
        return results


class Peer:
    def __init__(self, python, threads, min_time):
        self.command = [python, str(pathlib.Path(__file__).with_name("peer.py")), "--threads", str(threads), "--min-time", str(min_time)]
        listed = [json.loads(line) for line in text_of([*self.command, "--list"]).splitlines()]
        self.variants = {row["name"]: row["variants"] for row in listed}

    def run(self, names, variant, *options, timeout=None):
        pattern = "^(" + "|".join(map(re.escape, names)) + ")$"
        rows = (json.loads(line) for line in text_of([*self.command, "--variant", variant, *options, pattern], timeout).splitlines())
        return {row["name"]: row for row in rows}


def groups_of(names):
    """Names that may share a process."""
    groups = {}
    for name in names:
        first = name.split("/")[0]
        groups.setdefault(name if first in ALONE else first, []).append(name)
    return list(groups.values())


def tune(peer, names, best_file, compile_limit):
    """Times every variant of the cases that the file does not know yet, and keeps there what was found."""
    best = json.loads(best_file.read_text()) if best_file.exists() else {}
    best_file.parent.mkdir(parents=True, exist_ok=True)
    for group in groups_of([name for name in names if name not in best]):
        found = {name: [] for name in group}
        for variant in dict.fromkeys(v for name in group for v in peer.variants[name]):
            compiled = "compile" in variant
            if compiled and compile_limit == 0:
                continue
            print(f"tuning {group[0]}{' ...' if len(group) > 1 else ''}: {variant}", file=sys.stderr)
            wanted = [name for name in group if variant in peer.variants[name]]
            rows = peer.run(wanted, variant, "--count", timeout=compile_limit * len(wanted) if compiled else None)
            for name in wanted:
                found[name].append(rows.get(name, {"name": name, "variant": variant, "error": f"not done in {compile_limit} s"}))
        for name, rows in found.items():
            works = [row for row in rows if "seconds" in row]
            fastest = min(works, key=lambda row: row["seconds"])
            best[name] = {"variant": fastest["variant"], "gflop": max(row.get("gflop", 0) for row in rows), "tried": rows}
        best_file.write_text(json.dumps(best, indent=1))
    return best


def same_work(name, berl, peer, gflop):
    """Both must do the same: products and sums within a percent, and where there is a check of the result, its value."""
    if berl.get("GFLOP") and gflop and abs(berl["GFLOP"] / gflop - 1) > 0.01:
        sys.exit(f"{name}: berl says {berl['GFLOP']:.4g} GFLOP, PyTorch counts {gflop:.4g}")
    for check in ("check", "check_gradient"):
        if check in berl and check in peer and abs(berl[check] / peer[check] - 1) > 1e-3:
            sys.exit(f"{name}: {check} is {berl[check]:.6g} in berl, {peer[check]:.6g} in PyTorch")


def median(rows, key):
    values = [row[key] for row in rows if key in row]
    return statistics.median(values) if values else None


def row_of(name, berl, peer, best):
    result = {"name": name, "berl_seconds": median(berl, "seconds"), "torch_seconds": median(peer, "seconds"), "variant": best["variant"],
              "gflops": median(berl, "GFLOP/s"), "share": median(berl, "share"),
              "berl": [row["seconds"] for row in berl], "torch": [row["seconds"] for row in peer]}
    result["ratio"] = result["torch_seconds"] / result["berl_seconds"]
    if median(berl, "peak_MiB"):
        result |= {"berl_MiB": median(berl, "peak_MiB"), "torch_MiB": median(peer, "peak_MiB"),
                   "torch_import_MiB": median(peer, "base_MiB")}
    if median(peer, "images_per_second"):
        result |= {"berl_images": median(berl, "images/s"), "torch_images": median(peer, "images_per_second")}
    return result


def print_table(rows):
    print("| case | berl, ms | PyTorch, ms | ratio | PyTorch's variant | berl's share | MiB: berl, PyTorch (of which import) |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        memory = ""
        if "berl_MiB" in row:
            memory = f"{row['berl_MiB']:.0f}, {row['torch_MiB']:.0f} ({row['torch_import_MiB']:.0f})"
        print(f"| {row['name']} | {1e3 * row['berl_seconds']:.3f} | {1e3 * row['torch_seconds']:.3f} | {row['ratio']:.2f} "
              f"| {row['variant']} | {row['share']:.2f} | {memory} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/host/bench")
    parser.add_argument("--python", default=sys.executable, help="one that has torch")
    parser.add_argument("--cases", default=".", help="regular expression")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--min-time", type=float, default=0.3, help="seconds for each case and round")
    parser.add_argument("--compile-limit", type=int, default=900, help="seconds for torch.compile on one case; 0 does not try it")
    parser.add_argument("--best", help="the peer's fastest variants, found in an earlier run; build/peers/best_THREADS.json")
    parser.add_argument("--out", default="build/host/bench/compare.json")
    arguments = parser.parse_args()

    berl = Berl(arguments.programs, arguments.threads, arguments.min_time)
    peer = Peer(arguments.python, arguments.threads, arguments.min_time)
    names = [name for name in peer.variants if re.search(arguments.cases, name) and name in berl.program]
    if not names:
        sys.exit(f"compare: no case matches '{arguments.cases}' in both {arguments.programs} and the peer")
    best = tune(peer, names, pathlib.Path(arguments.best or f"build/peers/best_{arguments.threads}.json"), arguments.compile_limit)

    results = {name: ([], []) for name in names}
    groups, begin = groups_of(names), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare: stopped; what was measured until then is above"))
    try:
        for number in range(arguments.rounds):
            for k, group in enumerate(groups):
                done, seconds = number * len(groups) + k, time.monotonic() - begin
                left = f", about {seconds / done * (arguments.rounds * len(groups) - done) / 60:.0f} min left" if done else ""
                print(f"round {number + 1} of {arguments.rounds}: {group[0]}{' ...' if len(group) > 1 else ''}{left}", file=sys.stderr)
                run_group(group, berl, peer, best, results)
    finally:  # whatever ends it
        report([name for name in names if results[name][0]], results, best, arguments)


def run_group(group, berl, peer, best, results):
    """Adds a round of one group to the results."""
    ours, theirs = berl.run(group), {}
    for variant in dict.fromkeys(best[name]["variant"] for name in group):
        theirs |= peer.run([name for name in group if best[name]["variant"] == variant], variant)
    for name in group:
        if "seconds" not in theirs.get(name, {}):
            sys.exit(f"{name}: the peer failed: {theirs.get(name)}")
        same_work(name, ours[name], theirs[name], best[name]["gflop"])
        results[name][0].append(ours[name])
        results[name][1].append(theirs[name])


def report(names, results, best, arguments):
    """Prints and keeps what was measured of the named cases."""
    if not names:
        return
    rows = [row_of(name, *results[name], best[name]) for name in names]
    print_table(rows)
    out = pathlib.Path(arguments.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    rounds = min(len(results[name][0]) for name in names)
    settings = {"threads": arguments.threads, "rounds": rounds, "torch": results[names[0]][1][0]["torch"]}
    out.write_text(json.dumps({"settings": settings, "cases": rows, "tried": {name: best[name]["tried"] for name in names}}, indent=1))
    print(f"\nmedians of {rounds}, {arguments.threads} threads, torch {settings['torch']}; all of it in {out}")


if __name__ == "__main__":
    main()
