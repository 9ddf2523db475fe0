#include <berl/losses/arc_face_clamped.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("arc face with clamped angles follows the published code") {
  head_golden::follow_small(ArcFaceClamped{}, "head_arcface_adaface");
}

TEST_CASE("arc face with clamped angles has its loss's gradient, none where it is clamped") {
  head_golden::differentiate(ArcFaceClamped{.scale = 8});
  ArcFaceClamped const head{.scale = 1};
  CHECK(head.target(std::cos(2.8)).logit == std::cos(std::numbers::pi - 1e-4));  // 2.8 + 0.5 is beyond pi
  CHECK(head.target(std::cos(2.8)).slope == 0);
  CHECK(head.slope(0.99995, 0.0, 0.0) == 0);
  CHECK(head.logit(0.99995, 0.0, 0.0) == 0.9999);
  CHECK(std::isnan(head.target(std::nan("")).logit));
}
