#!/bin/sh
# Formats all files in place; `format.sh --check` only says which ones differ.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then mode="--dry-run --Werror"; else mode=-i; fi
# shellcheck disable=SC2086
scripts/sources.sh | xargs clang-format-16 --style=file $mode
