#!/bin/sh
# alone.sh INCLUDE COMPILER FLAGS...: compiles each header below INCLUDE alone, two at a time, and names those that fail.
set -eu
include=$1
shift
export COMPILE="$*"
cd "$include"
find berl -name '*.hpp' ! -path 'berl/cuda/*' | sort | xargs -P 2 -I HEADER sh -c '
  if ! printf "#include <HEADER>\n#include <HEADER>\n" | $COMPILE -x c++ -; then
    echo "headers/alone: <HEADER> does not compile alone." >&2
    exit 1
  fi'
