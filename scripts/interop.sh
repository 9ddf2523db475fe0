#!/bin/sh
# Exchange of weights and networks with PyTorch, ONNX and onnxruntime: interop.sh [--help]. Builds the programs, and installs what is
# compared with into build/interop/venv, with pip as it is set up here; or uses the Python that PEER_PYTHON names.
set -eu
cd "$(dirname "$0")/.."
venv=build/interop/venv
python=${PEER_PYTHON:-$venv/bin/python}
if ! "$python" -c 'import torch, safetensors, onnx, onnxruntime' 2>/dev/null; then
  if [ -n "${PEER_PYTHON:-}" ]; then echo "interop: $PEER_PYTHON lacks torch, safetensors, onnx or onnxruntime" >&2; exit 2; fi
  python3 -m venv "$venv" || { echo "interop: no venv could be made; install python3-venv" >&2; exit 2; }
  "$venv/bin/pip" install --quiet torch numpy safetensors onnx onnxruntime
fi
cmake --preset host
cmake --build --preset host --target train embed export
exec "$python" tests/interop_torch/interop.py --programs build/host/examples --large "$@"
