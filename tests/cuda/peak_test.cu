#include "gpu.hpp"

#include <berl/cuda/peak.hpp>

using namespace berl;
using namespace berl::gpu;

TEST_CASE("tensor cores multiply rounded floats faster than whole ones, and narrow numbers faster than those" * needs_gpu()) {
  double const whole = peak_flops(0, Precision::fp32), rounded = peak_flops(0, Precision::tf32), narrow = peak_flops(0, Precision::bf16);
  CHECK(whole > 1e12);  // every GPU since sm_80 has 8e12 or more
  CHECK(rounded > whole);
  CHECK(narrow > rounded);
}

TEST_CASE("without a GPU there is no peak, but a sentence" * doctest::skip(found())) {
  CHECK_THROWS_AS(peak_flops(0, Precision::fp32), Error);
  CHECK_THROWS_AS(peak_flops(0, Precision::bf16), Error);
}
