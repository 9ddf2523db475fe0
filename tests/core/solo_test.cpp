#include <berl/core/solo.hpp>

#include <doctest/doctest.h>

TEST_CASE("a team of one is the first of its members, and its sums are its own") {
  using berl::Solo;
  double v[] = {1.5, -2};
  unsigned long long most = 3;
  Solo::sync();
  Solo::sum(v);
  Solo::raise(most, 2);
  CHECK(most == 3);
  Solo::raise(most, 7);
  CHECK(most == 7);
  CHECK((v[0] == 1.5 && v[1] == -2));
  CHECK((Solo::rank() == 0 && Solo::size == 1));
}
