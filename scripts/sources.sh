#!/bin/sh
# Lists berl's own C++ files, one a line.
cd "$(dirname "$0")/.."
find include tests examples bench -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' | sort
