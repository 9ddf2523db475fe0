#!/bin/sh
# berl and PyTorch in turn, on this machine: compare.sh [--cases REGEX] [--rounds N] [--threads N] [--help].
# Builds the benchmarks and installs the current torch into build/peers/venv, with pip as it is set up here. Set PIP_INDEX_URL to
# PyTorch's own index of CPU wheels for a smaller download, or PEER_PYTHON to a Python that has torch.
set -eu
cd "$(dirname "$0")/.."
venv=build/peers/venv
python=${PEER_PYTHON:-$venv/bin/python}
if ! "$python" -c 'import torch' 2>/dev/null; then
  if [ -n "${PEER_PYTHON:-}" ]; then echo "compare: $PEER_PYTHON has no torch" >&2; exit 2; fi
  python3 -m venv "$venv" || { echo "compare: no venv could be made; install python3-venv" >&2; exit 2; }
  "$venv/bin/pip" install --quiet torch
fi
cmake --preset host
cmake --build --preset host --target bench-programs
exec "$python" bench/peers/compare.py --python "$python" --programs build/host/bench "$@"
