#include <berl/losses/arc_face_straight.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("arc face with a straight gradient follows the published code") {
  head_golden::follow_small(ArcFaceStraight{}, "head_arcface_insightface");
}

TEST_CASE("arc face with a straight gradient has the specification's check values") {
  head_golden::printed(ArcFaceStraight{}, 91.4916414, {-3.4809377, -1.8582467, 0.4778969, 1.4889846}, 14.0860872);
  CHECK(ArcFaceStraight{}.target(-0.99).slope == 64);
}
