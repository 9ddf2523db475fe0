#include <doctest/doctest.h>

#include <berl/imaging/settings.hpp>

using namespace berl::imaging;

TEST_CASE("what follows from the depth range has the published values") {
  Settings s;
  CHECK(s.middle() == doctest::Approx(1.0).epsilon(1e-15));  // sums of decimals round in the last bit
  CHECK(s.margin() == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(s.border_depth() == doctest::Approx(1.04).epsilon(1e-15));
  CHECK(s.centre() == s.middle());
  s.rotation_centre = RotationCentre::none;
  CHECK(s.centre() == 0.0);
}
