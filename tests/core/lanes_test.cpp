#include <doctest/doctest.h>

#include <berl/core/lanes.hpp>

#include <vector>

using namespace berl;

TEST_CASE("all lanes are summed") {
  double v[lanes];
  for (int i = 0; i < lanes; ++i) v[i] = i + 1;
  CHECK(sum_lanes(v) == lanes * (lanes + 1) / 2.0);  // whole numbers: exact
}

TEST_CASE("blocks cover each element once, the last with what is left") {
  std::vector<int> seen(300);
  for_lanes<300>([&](int first, auto count) {
    for (int i = 0; i < count.value; ++i) ++seen[static_cast<std::size_t>(first + i)];
  });
  for (int const times : seen) CHECK(times == 1);
}
