#!/bin/sh
# berl and PyTorch in turn, on this machine: compare.sh [--cases REGEX] [--rounds N] [--threads N] [--help];
# on its GPU, with nvcc: compare.sh cuda [--cases REGEX] [--minutes N] [--known FILE] [--out FILE] [--help].
# Builds the benchmarks and installs the current torch into build/peers/venv, with pip as it is set up here. Set PIP_INDEX_URL to
# PyTorch's own index of CPU wheels for a smaller download, or PEER_PYTHON to a Python that has torch.
set -eu
cd "$(dirname "$0")/.."
preset=host target=bench-programs script=compare.py programs=build/host/bench
if [ "${1:-}" = cuda ]; then
  preset=cuda target=bench-cuda-programs script=compare_cuda.py programs=build/cuda/bench/cuda
  shift
fi
venv=build/peers/venv
python=${PEER_PYTHON:-$venv/bin/python}
if ! "$python" -c 'import torch' 2>/dev/null; then
  if [ -n "${PEER_PYTHON:-}" ]; then echo "compare: $PEER_PYTHON has no torch" >&2; exit 2; fi
  python3 -m venv "$venv" || { echo "compare: no venv could be made; install python3-venv" >&2; exit 2; }
  "$venv/bin/pip" install --quiet torch
fi
cmake --preset "$preset"
cmake --build --preset "$preset" --target "$target"
exec "$python" "bench/peers/$script" --python "$python" --programs "$programs" "$@"
