#include <doctest/doctest.h>

#include <berl/core/tensor.hpp>

#include <cstdint>
#include <type_traits>

using namespace berl;
using S = Shape<2, 3>;

TEST_CASE("a tensor holds its batch, aligned and filled, and copies are its own") {
  Tensor<float, S> a(3, 2.f);
  CHECK(a.size() == 18);
  CHECK(a.batch() == 3);
  CHECK(reinterpret_cast<std::uintptr_t>(&a[0]) % alignment == 0);
  for (float const v : a.span()) CHECK(v == 2.f);
  Tensor<float, S> b(a);
  b[5] = 7.f;
  CHECK(a[5] == 2.f);
  a = b;
  CHECK(a[5] == 7.f);
}

TEST_CASE("views see the tensor's memory, sample by sample") {
  Tensor<double, S> x(2);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  CHECK(x.read().sample(1)[0] == 6.0);
  CHECK(x.read().size() == 12);
  x.write().sample(1)[5] = -1;
  CHECK(x[11] == -1.0);
  Tensor<double, S> y(2);
  copy(x.read(), y.write());
  CHECK(y[11] == -1.0);
  static_assert(std::is_const_v<std::remove_pointer_t<decltype(x.read().data())>>);
}
