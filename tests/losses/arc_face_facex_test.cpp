#include <berl/losses/arc_face_facex.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("arc face of FaceX-Zoo follows the published code") { head_golden::follow_small(ArcFaceFacex{}, "head_arcface_facex"); }

TEST_CASE("arc face of FaceX-Zoo has the specification's check values and its loss's gradient") {
  head_golden::printed(ArcFaceFacex{.scale = 64, .margin = 0.5}, 90.4138450, {-2.6470281, -1.2943273, 0.4199501, 0.9571562}, 12.5918035);
  head_golden::printed(ArcFaceFacex{}, 44.2913392, {-1.4744827, -0.7492540, 0.2204656, 0.5748587}, 4.6998847);
  head_golden::differentiate(ArcFaceFacex{.scale = 8});
  CHECK(ArcFaceFacex{.scale = 2, .cosine_margin = 0.1}.target(-0.99).logit == 2 * (-0.99 - 0.1));
}
