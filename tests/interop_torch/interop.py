#!/usr/bin/env python3
"""Exchanges weights and networks with PyTorch, ONNX, onnxruntime and a compiler, and prints the largest difference of each way.

interop.py --programs build/host/examples [--large]: needs torch, safetensors, onnx and onnxruntime. Exit code 1 where a difference is
larger than its bound. Differences are those of embeddings, divided by the largest number of the embedding that is right.
"""
import argparse
import csv
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy
import onnx
import onnxruntime
import safetensors
import safetensors.torch
import torch

import networks

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "data" / "golden"
PICTURES = 4
EXACT, ONNX = 1e-5, 1e-4  # bounds: sums of float32 in another order; and with another runtime's kernels


def write_png(path, pixels):
    height, width, _ = pixels.shape

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def filled(name, shape, scale, shift, seed):
    """The numbers that the fixtures of tests/data/golden give an array: FNV-1a of its name, SplitMix64, 24 bits of it."""
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    h ^= seed * 0x9E3779B97F4A7C15 & mask
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(h) + numpy.arange(1, int(numpy.prod(shape)) + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    u = (z >> numpy.uint64(40)).astype(numpy.float64) / 2**24
    return torch.from_numpy((scale * (2 * u - 1) + shift).astype(numpy.float32).reshape(shape))


class Suite:
    def __init__(self, programs, folder):
        self.programs, self.folder, self.rows = pathlib.Path(programs), pathlib.Path(folder), []
        (self.folder / "pictures").mkdir()
        generator = numpy.random.default_rng(1)
        coarse = generator.integers(0, 256, (PICTURES, 14, 14, 3))
        noise = generator.integers(-20, 21, (PICTURES, 112, 112, 3))
        pixels = (coarse.repeat(8, 1).repeat(8, 2) + noise).clip(0, 255).astype(numpy.uint8)
        for i, picture in enumerate(pixels):
            write_png(self.folder / "pictures" / f"{i}.png", picture)
        self.x = torch.from_numpy((pixels.transpose(0, 3, 1, 2).astype(numpy.float32) - 127.5) / 127.5).contiguous()

    def run(self, program, *arguments):
        done = subprocess.run([str(self.programs / program), *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"interop: {program} {' '.join(map(str, arguments))}\n{done.stderr[-2000:]}")

    def of_berl(self, model):
        self.run("embed", "--model", model, "--threads", 2, "--out", self.folder / "e.csv", self.folder / "pictures")
        with open(self.folder / "e.csv", newline="") as file:
            return numpy.array([[float(e) for e in row[1:]] for row in list(csv.reader(file))[1:]])

    def of_torch(self, network):
        with torch.no_grad():
            return network(self.x).numpy()

    def of_onnx(self, path):
        onnx.checker.check_model(str(path), full_check=True)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        whole = session.run(["embedding"], {"picture": self.x.numpy()})[0]
        one = session.run(["embedding"], {"picture": self.x.numpy()[:1]})[0]  # the batch may have any size
        self.compare("  a batch of one beside one of four", one, whole[:1], ONNX)
        return whole

    def of_header(self, path):
        name, here = path.stem, self.folder
        (here / "use.cpp").write_text(f"""#include "{path}"
#include <cstdio>
int main() {{
  std::vector<float> picture(3 * {name}::height * {name}::width), embedding({name}::embedding_size);
  FILE* const from = std::fopen("{here}/x", "rb");
  FILE* const to = std::fopen("{here}/y", "wb");
  while (std::fread(picture.data(), 4, picture.size(), from) == picture.size()) {{
    {name}::embed(picture.data(), embedding.data());
    std::fwrite(embedding.data(), 4, embedding.size(), to);
  }}
  return std::fclose(from) + std::fclose(to);
}}
""")
        self.x.numpy().tofile(here / "x")
        subprocess.run(["c++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", here / "use.cpp", "-o", here / "use"], check=True)
        subprocess.run([here / "use"], check=True)
        return numpy.fromfile(here / "y", numpy.float32).reshape(PICTURES, -1)

    def compare(self, what, found, right, bound):
        difference = float(numpy.abs(found.astype(numpy.float64) - right).max() / numpy.abs(right).max())
        good = found.shape == right.shape and difference <= bound
        self.rows.append((what, difference, bound, good))
        print(f"{what:<66} {difference:9.1e} {bound:8.0e}  {'ok' if good else 'TOO FAR'}", flush=True)

    def exports(self, name, model, right):
        """Everything that `export` writes of a model whose embeddings are right."""
        for folded in (False, True):
            path = self.folder / f"{name}.onnx"
            self.run("export", "--model", model, "--onnx", path, *(["--folded"] if folded else []))
            self.compare(f"{name}: ONNX{', folded' if folded else ''}, checked, in onnxruntime", self.of_onnx(path), right, ONNX)
            path.unlink()

    def header(self, name, model, right):
        path = self.folder / "my_face.hpp"
        self.run("export", "--model", model, "--header", path)
        self.compare(f"{name}: C++ header, compiled alone", self.of_header(path), right, EXACT)

    def published(self, depth):
        """That networks.py is what InsightFace publishes: its names, and the embeddings that the published code gave."""
        with safetensors.safe_open(GOLDEN / f"iresnet{depth}_eval.safetensors", "np") as file:
            arrays = {a["name"]: filled(a["name"], a["shape"], a["scale"], a["shift"], a["seed"])
                      for a in json.loads(file.metadata()["filled"])}
            right = file.get_tensor("embedding")
        picture = arrays.pop("input")
        arrays.pop("grad_embedding", None)
        network = networks.IResNet(depth)
        network.load_state_dict(arrays, strict=True)
        with torch.no_grad():
            self.compare(f"IResNet-{depth} of networks.py: the published code's embeddings", network.eval()(picture).numpy(), right, EXACT)

    def trained(self):
        """A model of `train`, to PyTorch."""
        out = self.folder / "trained"
        settings = "batch=4 synthetic.identities=4 synthetic.pictures=2 stage1.steps=3 stage2.steps=1 stage3.steps=1".split()
        self.run("train", "--data", "synthetic", "--out", out, "--threads", 2, *(a for s in settings for a in ("--set", s)))
        model, weights = out / "model.safetensors", self.folder / "weights.safetensors"
        right = self.of_berl(model)
        self.run("export", "--model", model, "--safetensors", weights)
        network = networks.IResNet(18, 16, 128)
        network.load_state_dict(safetensors.torch.load_file(weights), strict=True)
        self.compare("r18-quarter of `train`: safetensors, load_state_dict(strict)", self.of_torch(network.eval()), right, EXACT)
        pth = self.folder / "berl.pth"
        self.run("export", "--model", model, "--pth", pth)
        network = networks.IResNet(18, 16, 128)
        network.load_state_dict(torch.load(pth, weights_only=True), strict=True)
        self.compare("r18-quarter of `train`: .pth, torch.load, load_state_dict(strict)", self.of_torch(network.eval()), right, EXACT)
        self.compare("r18-quarter: the same file in berl", self.of_berl(weights), right, 0)
        self.exports("r18-quarter", model, right)
        self.header("r18-quarter", model, right)

    def from_torch(self, name, network, with_header=False):
        """A network of PyTorch, to berl and from there to the rest."""
        right, path = self.of_torch(network), self.folder / "weights.pth"
        torch.save(network.state_dict(), path)
        self.compare(f"{name}: .pth of torch.save", self.of_berl(path), right, EXACT)
        weights = self.folder / "weights.safetensors"
        safetensors.torch.save_file(network.state_dict(), weights)
        self.compare(f"{name}: safetensors of PyTorch", self.of_berl(weights), right, EXACT)
        self.exports(name, path, right)
        if with_header:
            self.header(name, path, right)
        if isinstance(network, networks.IR):
            self.run("export", "--model", path, "--safetensors", weights)
            other = networks.IResNet({24: 50, 49: 100}[len(network.body)])
            other.load_state_dict(safetensors.torch.load_file(weights), strict=False)  # its counters aside
            self.compare(f"{name}: by InsightFace's names, in PyTorch", self.of_torch(other.eval()), right, EXACT)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="the folder of train, embed and export")
    parser.add_argument("--large", action="store_true", help="the networks of 50 and 100 layers too")
    options = parser.parse_args()
    print(f"torch {torch.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, {PICTURES} pictures")
    print(f"{'':<66} {'largest':>9} {'bound':>8}")
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(options.programs, folder)
        for depth in (18, 50, 100) if options.large else (18,):
            suite.published(depth)
        suite.trained()
        suite.from_torch("IResNet-18", networks.fill(networks.IResNet(18), 1), with_header=True)
        if options.large:
            suite.from_torch("IResNet-50", networks.fill(networks.IResNet(50), 2))
            suite.from_torch("IResNet-100", networks.fill(networks.IResNet(100), 3))
            suite.from_torch("IR-50", networks.fill(networks.IR(50), 4))
            suite.from_torch("IR-101", networks.fill(networks.IR(100), 5))
    bad = [row for row in suite.rows if not row[3]]
    print(f"{len(suite.rows)} comparisons, {len(bad)} too far")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
