#include <berl/core/config.hpp>

#include <doctest/doctest.h>

#if !defined(BERL_CUDA) || !defined(BERL_FN) || !defined(BERL_CHECKED)
#error "config.hpp defines all three macros"
#endif
static_assert(BERL_CUDA == 0, "a host compiler reads this file");
static_assert(BERL_CHECKED == 0 || BERL_CHECKED == 1);

namespace {
BERL_FN constexpr int twice(int x) { return 2 * x; }
struct Point {
  static BERL_FN constexpr int value(int x) { return twice(x) + 1; }
  template <class T>
  BERL_FN constexpr T operator()(T x) const {
    return x * x;
  }
};
}  // namespace

static_assert(twice(4) == 8 && Point::value(4) == 9 && Point{}(0.5) == 0.25, "functions of one element are constant expressions too");

TEST_CASE("a function of one element runs where its argument is known at run time alone") {
  for (int k = -2; k < 3; ++k) {
    int volatile const unknown = k;
    CHECK(Point::value(unknown) == 2 * k + 1);
  }
}

TEST_CASE("views check in Debug builds, unless the compiler is told otherwise") {
#if defined(NDEBUG)
  MESSAGE("a Release build; checked: " << BERL_CHECKED);
#else
  CHECK(BERL_CHECKED == 1);
#endif
}
