#pragma once
#include <berl/testing/gradcheck.hpp>

#include <doctest/doctest.h>

namespace berl::test {
/// Central differences with step h = 1e-5 on values near 1 lose 1e-16 / h = 1e-11 to rounding, times the sum of some hundred
/// terms, and h^2 = 1e-10 times the third derivative to truncation: 1e-7 leaves room, and a wrong term is far beyond it.
inline constexpr double of_differences = 1e-7;

/// Gradients of L against differences, dx written and added.
template <class L, class Mode, class In>
void check_layer(int batch, double tolerance = of_differences) {
  for (int const threads : {1, 3}) {
    CAPTURE(batch);
    CAPTURE(threads);
    auto const found = testing::check_gradients<L, Mode, In>(batch, 40, 1e-5, 1e-3, threads);
    CHECK(found.worst < tolerance);
    CHECK(found.compared > 0);
    CHECK(found.finite);
    CHECK(found.accumulates);
  }
}
}  // namespace berl::test
