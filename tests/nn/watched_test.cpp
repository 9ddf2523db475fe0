#include <berl/nn/watched.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::nn;

TEST_CASE("who watches is told of each run, and of a plain view nobody is") {
  float y[4] = {};
  Write<float, Shape<2, 1, 1>, Host> const plain(y, 2);
  std::ptrdiff_t sum = 0;
  auto const read = [&](std::ptrdiff_t run) { sum += 10 * run + 1; };
  Watched<float, Shape<2, 1, 1>> const watched(plain, read);
  CHECK(watched.data() == y);
  CHECK(watched.batch() == 2);
  CHECK_FALSE(reader_of(plain));
  auto const reader = reader_of(watched);
  REQUIRE(reader);
  reader(3);
  reader(0);
  CHECK(sum == 32);
}
