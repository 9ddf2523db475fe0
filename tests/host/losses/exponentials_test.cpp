#include <berl/host/losses/exponentials.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using berl::host::exponentials, berl::host::sample_lanes;

TEST_CASE_TEMPLATE("the exponential is that of the standard library", T, float, double) {
  T const unit = std::numeric_limits<T>::epsilon();
  T worst = 0;
  for (int k = -1300; k < 1200; ++k) {
    T x[sample_lanes], y[sample_lanes];
    for (int l = 0; l < sample_lanes; ++l) x[l] = y[l] = static_cast<T>(k) / 15 + static_cast<T>(l) / 240;
    exponentials(y);
    for (int l = 0; l < sample_lanes; ++l) worst = std::max(worst, std::abs(y[l] / std::exp(x[l]) - 1));
  }
  CHECK(worst < 2 * unit);  // "two units in the last place"
}

TEST_CASE_TEMPLATE("exact values, underflow to zero, and NaN", T, float, double) {
  T x[sample_lanes] = {T(0), T(-1e30), -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()};
  exponentials(x);
  CHECK(x[0] == 1);
  CHECK(x[1] == 0);
  CHECK(x[2] == 0);
  CHECK(std::isnan(x[3]));
}
