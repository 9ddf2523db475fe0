#!/bin/sh
# clang-tidy over the programs of a configured build folder: `tidy.sh BUILD [FILE...]`. Any warning is an error.
set -eu
build=$1
shift
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
  grep -o '"file": "[^"]*"' "$build/compile_commands.json" | cut -d'"' -f4 | grep "^$PWD/\(tests\|examples\|bench\)/" | sort -u > "$build/tidy.txt"
else
  printf '%s\n' "$@" > "$build/tidy.txt"
fi
xargs -P "$(nproc)" -n 1 clang-tidy-16 --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option < "$build/tidy.txt"
