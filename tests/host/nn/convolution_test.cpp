#include <berl/host/nn/convolution.hpp>

#include <doctest/doctest.h>

using namespace berl::host::detail;

TEST_CASE("output channels make groups of two vectors, of which the last may have one") {
  constexpr int L = berl::host::lanes_of<float>;
  static_assert(group_channels<float> == 2 * L && group_channels<double> == L);
  CHECK(groups_of<float>(2 * L) == 1);
  CHECK(groups_of<float>(2 * L + 1) == 2);
  CHECK(vectors_of<float>(2 * L, 0) == 2);
  CHECK(vectors_of<float>(3 * L, 1) == 1);
  CHECK(vectors_of<float>(3 * L + 1, 1) == 2);
  CHECK(vectors_of<float>(3, 0) == 1);
}
