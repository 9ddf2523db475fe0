#pragma once
#include <doctest/doctest.h>

#include <berl/cuda/context.hpp>

#include <cstdio>

namespace berl::gpu {
/// Whether there is a GPU to run on; says once what was looked for where there is none.
inline bool found() {
  static bool const is = [] {
    try {
      return devices() > 0;
    } catch (Error const& error) {
      std::printf("%s\nNo GPU: tests that need a GPU are skipped.\n", error.what());
      return false;
    }
  }();
  return is;
}
/// TEST_CASE("..." * needs_gpu())
inline doctest::skip needs_gpu() { return doctest::skip(!found()); }
}  // namespace berl::gpu
