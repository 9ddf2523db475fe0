#!/bin/sh
# alone.sh INCLUDE TESTS COMPILER FLAGS...: compiles each header below INCLUDE alone, two at a time, and names those that fail. A header
# whose mirrored test below TESTS includes it before anything else is compiled alone there, and left out here.
set -eu
include=$1
tests=$2
shift 2
export COMPILE="$*"
cd "$include"
find berl -name '*.hpp' ! -path 'berl/cuda/*' | sort | while read -r header; do
  name=${header#berl/}
  test=$tests/${name%.hpp}_test.cpp
  if ! [ -f "$test" ] || [ "$(grep -m 1 '^#include' "$test")" != "#include <$header>" ]; then echo "$header"; fi
done | xargs -P 2 -I HEADER sh -c '
  if ! printf "#include <HEADER>\n#include <HEADER>\n" | $COMPILE -x c++ -; then
    echo "headers/alone: <HEADER> does not compile alone." >&2
    exit 1
  fi'
