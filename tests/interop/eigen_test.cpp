#include <doctest/doctest.h>

#include <berl/core/tensor.hpp>
#include <berl/interop/eigen.hpp>

using namespace berl;

TEST_CASE("a batch is a matrix of one row per sample, in the same memory") {
  Tensor<float, Shape<2, 3>> x(4);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  auto const m = interop::matrix(x.read());
  CHECK(m.rows() == 4);
  CHECK(m.cols() == 6);
  CHECK(m(2, 5) == 17.f);
  CHECK(m.data() == &x[0]);
  interop::matrix(x.write()).row(3).setConstant(-1.f);
  CHECK(x[18] == -1.f);
  CHECK(x[17] == 17.f);
}
