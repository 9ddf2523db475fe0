#include <berl/losses/arc_face.hpp>

#include "head_golden.hpp"

using berl::losses::ArcFace;

TEST_CASE("arc face follows its exact form in the published code") {
  head_golden::follow<double, 24>(ArcFace{}, "head_arcface_exact", "small", 40, 1);
  head_golden::follow<double, 512>(ArcFace{}, "head_arcface_exact", "big", 1000, 1);
  head_golden::follow<float, 512>(ArcFace{}, "head_arcface_exact", "big", 1000, 1);
}

TEST_CASE("arc face has the specification's check values") {
  head_golden::Small small;
  double t = 0.2;
  head_golden::near(small.run(ArcFace{}, t).loss, 94.2492493);
  CHECK(t == 0.2);
  double const df0[] = {-2.6470281, -1.2943273, 0.4199501, 0.9571562};
  for (int k = 0; k < 4; ++k) head_golden::near(small.df.read().sample(0)[k], df0[k]);
  CHECK(std::abs(small.sum_abs() - 12.5918035) < 1e-7);
}

TEST_CASE("the margin is added to the angle") {
  for (double const angle : {0.1, 1.0, 2.0, 2.6}) {
    berl::losses::AngularMargin<double> const a(std::cos(angle), 0.5);
    CHECK(a.value == doctest::Approx(std::cos(angle + 0.5)));
  }
  berl::losses::AngularMargin<double> const beyond(std::cos(3.0), 0.5);
  CHECK(beyond.value == doctest::Approx(std::cos(3.0) - 0.2397127693));
}
