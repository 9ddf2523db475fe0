#include <berl/losses/arc_face.hpp>

#include "head_golden.hpp"

using berl::losses::ArcFace;

TEST_CASE("arc face follows its exact form in the published code") {
  head_golden::follow_small(ArcFace{}, "head_arcface_exact");
  head_golden::follow<double, 512>(ArcFace{}, "head_arcface_exact", "big", 1000, 1);
  head_golden::follow<float, 512>(ArcFace{}, "head_arcface_exact", "big", 1000, 1);
}

TEST_CASE("arc face has the specification's check values, and keeps nothing") {
  head_golden::printed(ArcFace{}, 94.2492493, {-2.6470281, -1.2943273, 0.4199501, 0.9571562}, 12.5918035);
  head_golden::Small small;
  double t = 0.2;
  small.run(ArcFace{}, t);
  CHECK(t == 0.2);
}

TEST_CASE("the margin is added to the angle") {
  for (double const angle : {0.1, 1.0, 2.0, 2.6}) {
    berl::losses::AngularMargin<double> const a(std::cos(angle), 0.5);
    CHECK(a.value == doctest::Approx(std::cos(angle + 0.5)));
    CHECK(a.slope == doctest::Approx(std::sin(angle + 0.5) / std::sin(angle)));
    CHECK(berl::losses::AddedAngle<double>(std::cos(angle), 0.5).by_angle == doctest::Approx(-std::sin(angle + 0.5)));
  }
  berl::losses::AngularMargin<double> const beyond(std::cos(3.0), 0.5);
  CHECK(beyond.value == doctest::Approx(std::cos(3.0) - 0.2397127693));
  CHECK(berl::losses::AddedAngle<double>(std::cos(3.0), 0.5).value == doctest::Approx(std::cos(3.5)));
}

TEST_CASE("arc face's gradient is its loss's") { head_golden::differentiate(ArcFace{.scale = 8}); }
