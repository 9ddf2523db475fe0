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

TEST_CASE("a copy goes from one layout to another and back") {
  using Map = Shape<32, 2, 3>;
  Tensor<float, Map, Host, Nchw> plain(2), again(2);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<float>(i);
  Tensor<float, Map> blocked(2);
  static_assert(std::is_same_v<decltype(blocked.read())::layout, Blocked>);
  copy(plain.read(), blocked.write());
  CHECK(blocked[0] == 0);
  CHECK(blocked[1] == 6);        // channel 1 of the first pixel
  CHECK(blocked[16] == 1);       // channel 0 of the next
  CHECK(blocked[16 * 6] == 96);  // channel 16
  CHECK(blocked.read().sample(1)[0] == 192);
  copy(blocked.read(), again.write());
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(again[i] == plain[i]);
}
