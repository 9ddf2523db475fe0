#!/usr/bin/env python3
"""berl's benchmarks on a GPU and the PyTorch peer on the same one, within a time limit; prints the ratios last.

    compare_cuda.py --programs build/cuda/bench/cuda --python python3 --minutes 9 --out out/compare_cuda.json

First berl's programs, then the peer: every case as it is, then as CUDA graphs, then by torch.compile, as far as time goes. What an
earlier run has found, --known, is not measured again, so that another run goes on with what is missing. berl's programs are given the
cuDNN and cuBLAS that torch brings.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

PRECISIONS = ("fp32", "tf32", "bf16")
WAYS = ("", "graph", "compile", "compile+graph")  # in the order in which they are tried


def log(text):
    print(text, file=sys.stderr, flush=True)


def libraries_of(python):
    """The folders in which the libraries lie that torch brings, as LD_LIBRARY_PATH."""
    script = "import pathlib, torch; print(*pathlib.Path(torch.__file__).parents[1].glob('nvidia/*/lib'), sep=':')"
    found = subprocess.run([python, "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return ":".join(filter(None, (found, os.environ.get("LD_LIBRARY_PATH"))))


def case_of(name):
    """(case, precision) of a benchmark: conv/.../forward/tf32 has its precision at the end; the renderer computes in fp32, and what says
    nothing in tf32. What is replayed as a graph is the same case."""
    name = name.removesuffix("/graph")
    first, _, last = name.rpartition("/")
    if last in PRECISIONS:
        return first, last
    return name, "fp32" if name.startswith("renderer/") else "tf32"


def berl_results(program, pattern, min_time, environment, limit):
    """{(case, precision): row} of the benchmarks that match, of those that are done where the program takes longer than the limit."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [program, f"--benchmark_filter={pattern}", f"--benchmark_min_time={min_time}", f"--benchmark_out={out.name}",
                   "--benchmark_out_format=json"]
        try:
            done = subprocess.run(command, timeout=limit, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                log(f"{program.name}: {done.stderr[-1000:]}")
        except subprocess.TimeoutExpired:
            log(f"{program.name}: not done in {limit:.0f} s")
        rows = map(json.loads, re.findall(r"\{[^{}]*\}", pathlib.Path(out.name).read_text()))  # of a file that may have no end
    results = {}
    for row in rows:
        if "real_time" not in row and "error_occurred" not in row:
            continue
        name = re.sub(r"(/iterations:\d+)?/manual_time$", "", row["name"])
        if row.get("error_occurred"):
            log(f"{name}: {row['error_message']}")
        else:
            row["seconds"] = row["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[row["time_unit"]]
            results[case_of(name)] = min(row, results.get(case_of(name), row), key=lambda one: one["seconds"])
    return results


class Peer:
    """A process that measures what it is asked for. One that takes too long is ended, and the next question starts another."""

    def __init__(self, python, min_time, errors):
        self.command = [python, str(pathlib.Path(__file__).with_name("peer.py")), "--device", "cuda", "--min-time", str(min_time)]
        self.process, self.errors, self.cache = None, errors, None
        listed = subprocess.run([*self.command, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.variants = {row["name"]: row["variants"] for row in map(json.loads, listed.splitlines())}

    def ask(self, name, variant, limit):
        if self.process is None:
            self.cache = tempfile.TemporaryDirectory()  # one that was ended may have left half a file in its own
            environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": self.cache.name}
            self.process = subprocess.Popen([*self.command, "--ask", "--count"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, env=environment, start_new_session=True)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{name} {variant}\n".encode())
            self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if ready else b""
        if line:
            return json.loads(line)
        self.end()
        return {"name": name, "variant": variant, "error": "the process ended" if ready else f"not done in {limit:.0f} s"}

    def end(self):
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
            self.cache.cleanup()


def way_of(variant):
    words = variant.split("+")
    return "+".join(word for word in ("compile", "graph") if word in words)


def precision_of(variant):
    return next(precision for precision in PRECISIONS if precision in variant.split("+"))


def run_berl(arguments, ends):
    environment = os.environ | {"LD_LIBRARY_PATH": libraries_of(arguments.python)}
    results = {}
    for program in sorted(pathlib.Path(arguments.programs).glob("berl_bench_cuda_*")):
        if program.suffix:
            continue
        begin = time.monotonic()
        found = berl_results(program, arguments.cases, arguments.min_time, environment, max(1, min(arguments.limit, ends - begin)))
        log(f"{program.name}: {len(found)} results in {time.monotonic() - begin:.0f} s")
        results |= found
    return results


def run_peer(arguments, ends, known, errors):
    """[row of each case and variant], the ones that are known already among them."""
    peer = Peer(arguments.python, arguments.min_time, errors)
    rows = {(row["name"], row["variant"]): row for row in known if "seconds" in row}
    wanted = [(WAYS.index(way_of(variant)), name, variant) for name, variants in peer.variants.items() for variant in variants
              if re.search(arguments.cases, name) and (name, variant) not in rows]
    wanted.sort(key=lambda one: one[0])  # and otherwise in the peer's order
    for number, (_, name, variant) in enumerate(wanted):
        left = ends - time.monotonic()
        if left < 5:
            log(f"no time left for {len(wanted) - number} of {len(wanted)} measurements of the peer")
            break
        begin = time.monotonic()
        row = peer.ask(name, variant, min(left, arguments.compile_limit if "compile" in variant else arguments.case_limit))
        log(f"{name} {variant}: {row.get('error') or '%.1f us' % (1e6 * row['seconds'])}, in {time.monotonic() - begin:.1f} s")
        rows[name, variant] = row
    peer.end()
    return list(rows.values())


def joined(berl, peer):
    """A row for each case and precision: berl's time, and the peer's shortest."""
    best, gflop = {}, {}
    for row in peer:
        key = row["name"], precision_of(row["variant"])
        if "seconds" in row and (key not in best or row["seconds"] < best[key]["seconds"]):
            best[key] = row
        gflop[row["name"]] = max(gflop.get(row["name"], 0), row.get("gflop", 0))
    rows = []
    for key in dict.fromkeys((*berl, *best)):
        ours, theirs = berl.get(key), best.get(key)
        row = {"case": key[0], "precision": key[1]}
        if ours:
            row |= {"berl_us": 1e6 * ours["seconds"], "share": ours.get("share")}
        if theirs:
            row |= {"torch_us": 1e6 * theirs["seconds"], "variant": theirs["variant"]}
        if ours and theirs:
            row |= {"ratio": theirs["seconds"] / ours["seconds"], "differs": differences(ours, theirs, gflop[key[0]])}
        rows.append(row)
    return rows


def differences(berl, peer, gflop):
    """What says that the two did not do the same: products and sums by a percent, checked results by a thousandth."""
    found = []
    if berl.get("GFLOP") and gflop and abs(berl["GFLOP"] / gflop - 1) > 0.01:
        found.append(f"DIFFERS: GFLOP {berl['GFLOP']:.4g}, {gflop:.4g}")
    for check in ("check", "check_gradient"):
        if check in berl and check in peer and abs(berl[check] / peer[check] - 1) > 1e-3:
            found.append(f"DIFFERS: {check} {berl[check]:.6g}, {peer[check]:.6g}")
    return "; ".join(found)


def print_table(rows):
    """What both have measured, and whole steps and embeddings in any case."""
    def number(row, key, digits):
        return f"{row[key]:.{digits}f}" if row.get(key) is not None else "-"

    print("| case | berl, us | share | PyTorch, us | ratio | PyTorch's variant |\n|---|---|---|---|---|---|")
    for row in rows:
        if "ratio" in row or row["case"].startswith(("step/", "embedding/")):
            name = row["case"] + ("" if row["case"].startswith("renderer/") else " " + row["precision"])
            way = way_of(row["variant"]) or "eager" if "variant" in row else "-"
            print(f"| {name} | {number(row, 'berl_us', 1)} | {number(row, 'share', 2)} | {number(row, 'torch_us', 1)} "
                  f"| {number(row, 'ratio', 2)} | {' '.join(filter(None, (way, row.get('differs'))))} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/cuda/bench/cuda", help="folder of berl's programs")
    parser.add_argument("--python", default=os.environ.get("PEER_PYTHON", sys.executable), help="one that has torch")
    parser.add_argument("--cases", default=".", help="regular expression, for names of both; those of berl go on behind the peer's")
    parser.add_argument("--minutes", type=float, default=9, help="for everything")
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds for each case")
    parser.add_argument("--limit", type=float, default=200, help="seconds for each of berl's programs")
    parser.add_argument("--case-limit", type=float, default=30, help="seconds for each case of the peer, and each variant")
    parser.add_argument("--compile-limit", type=float, default=150, help="the same where torch.compile is tried")
    parser.add_argument("--known", type=pathlib.Path, help="the result of an earlier run, whose peer is not run again for the same cases")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/cuda/bench/compare_cuda.json"))
    arguments = parser.parse_args()

    ends = time.monotonic() + 60 * arguments.minutes
    known = json.loads(arguments.known.read_text())["torch"] if arguments.known else []
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    berl = run_berl(arguments, ends)
    with open(arguments.out.with_suffix(".log"), "w") as errors:
        peer = run_peer(arguments, ends, known, errors)
    rows = joined(berl, peer)
    arguments.out.write_text(json.dumps({"cases": rows, "berl": list(berl.values()), "torch": peer}, indent=1))
    print_table(rows)
    version = next((row["torch"] for row in peer if "torch" in row), "-")
    print(f"torch {version}; ratio is PyTorch's time over berl's; all of it in {arguments.out}")


if __name__ == "__main__":
    main()
