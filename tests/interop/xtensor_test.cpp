#include <doctest/doctest.h>

#include <berl/core/tensor.hpp>
#include <berl/interop/xtensor.hpp>

using namespace berl;

TEST_CASE("a batch is a tensor of the same extents, in the same memory") {
  Tensor<double, Shape<2, 3, 5>> x(4);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  auto const t = interop::tensor(x.read());
  CHECK(t.dimension() == 4);
  CHECK(t.shape()[0] == 4);
  CHECK(t.shape()[3] == 5);
  CHECK(t(3, 1, 2, 4) == 119.0);
  auto w = interop::tensor(x.write());
  w(0, 1, 0, 0) = -2;
  CHECK(x[15] == -2.0);
}
