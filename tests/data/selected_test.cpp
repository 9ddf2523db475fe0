#include <berl/data/selected.hpp>

#include <doctest/doctest.h>

using namespace berl;

namespace {
struct Numbers {
  int size() const { return 6; }
  int identities() const { return 3; }
  int label(int i) const { return i / 2; }
  std::string name(int i) const { return std::to_string(i); }
  io::Image load(int i) const { return io::blank(16 + i, 16, 3); }
};
static_assert(data::Dataset<data::Selected<Numbers>>);
}  // namespace

TEST_CASE("selected: the pictures asked for, in that order, with their own labels") {
  Numbers const whole;
  data::Selected<Numbers> const some(whole, {5, 0, 0});
  CHECK(some.size() == 3);
  CHECK(some.identities() == 3);
  CHECK(some.label(0) == 2);
  CHECK(some.name(1) == "0");
  CHECK(some.load(0).width == 21);
  CHECK(some.index(2) == 0);
  CHECK_THROWS_WITH_AS(data::Selected<Numbers>(whole, {1, 6}),
                       "berl::data::Selected: found picture 6; expected one below 6. Choose pictures that the data has.", Error);
}
