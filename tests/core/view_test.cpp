#include <doctest/doctest.h>

#include <berl/core/view.hpp>

#include <type_traits>

using namespace berl;
using S = Shape<2>;
template <template <class, class, class, class> class V>
using View = V<float, S, Host, Nchw>;

static_assert(adds<View<Add>> && !adds<View<Write>> && skips<View<Skip>> && !skips<View<Add>>);
static_assert(std::is_trivially_copyable_v<View<Read>> && sizeof(View<Read>) == 16);  // a kernel's argument: a pointer and the batch

TEST_CASE("Write overwrites and Add adds") {
  float to = 3;
  put<View<Write>>(to, 5.f);
  CHECK(to == 5.f);
  put<View<Add>>(to, 4.f);
  CHECK(to == 9.f);
}

TEST_CASE("some of a view's samples are where they were; a Skip has none") {
  float data[6] = {0, 1, 2, 3, 4, 5};
  auto const part = samples(View<Write>(data, 3), 1, 2);
  static_assert(std::is_same_v<decltype(part), View<Write> const>);
  CHECK(part.data() == data + 2);
  CHECK(part.batch() == 2);
  CHECK(samples(View<Skip>{}, 1, 2).data() == nullptr);
}
