#include <berl/losses/curricular_face.hpp>

#include "head_golden.hpp"

using berl::losses::CurricularFace;

TEST_CASE("curricular face follows the official code over four batches") {
  head_golden::follow<double, 24>(CurricularFace{}, "head_curricularface", "small", 40, 4);
  head_golden::follow<double, 512>(CurricularFace{}, "head_curricularface", "big", 1000, 4);
}
TEST_CASE("curricular face in float") {
  head_golden::follow<float, 24>(CurricularFace{}, "head_curricularface", "small", 40, 4);
  head_golden::follow<float, 512>(CurricularFace{}, "head_curricularface", "big", 1000, 4);
}

TEST_CASE("curricular face has the specification's check values") {
  head_golden::Small small;
  double t = 0.2;
  auto const result = small.run(CurricularFace{}, t);
  head_golden::near(result.loss, 101.4987150);
  head_golden::near(t, 0.19513884);
  double const df0[] = {-3.8320982, -1.5553128, 0.7596012, 0.9160043};
  double const dw0[] = {-6.4117536, -11.4611428, -9.8243559, -5.3723926};
  for (int k = 0; k < 4; ++k) head_golden::near(small.df.read().sample(0)[k], df0[k]);
  for (int k = 0; k < 4; ++k) head_golden::near(small.dw.read().sample(0)[k], dw0[k]);
  CHECK(std::abs(small.sum_abs() - 18.5883421) < 1e-7);
}

TEST_CASE("the logit of a hard negative, its slope, and the derivative's guard") {
  CurricularFace const head;
  CHECK(head.logit(0.5, 0.4, 0.2) == 64 * 0.5 * 0.7);
  CHECK(head.logit(0.5, 0.5, 0.2) == 32);  // not hard: the comparison is strict
  double const h = 1e-6, at = 0.5;
  CHECK((head.logit(at + h, 0.4, 0.2) - head.logit(at - h, 0.4, 0.2)) / (2 * h) == doctest::Approx(head.slope(at, 0.4, 0.2)));
  for (double const g : {-0.95, -0.5, 0.0, 0.7}) {
    double const slope = (head.target(g + h).logit - head.target(g - h).logit) / (2 * h);
    CHECK(slope == doctest::Approx(head.target(g).slope).epsilon(1e-6));
  }
  CHECK(std::isfinite(head.target(1.0).slope));
  CHECK(std::isfinite(head.target(1.0f).slope));
  CHECK(std::isnan(head.target(std::nan("")).logit));
}
