# Toolchain of the preset `clang`: version 16, or else a later one.
find_program(BERL_CLANG NAMES clang++-16 clang++-17 clang++-18 clang++-19 clang++-20 clang++-21 clang++ REQUIRED)
set(CMAKE_CXX_COMPILER ${BERL_CLANG})
