#include <berl/losses/cos_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("cos face follows both published codes") {
  head_golden::follow_small(CosFace{.margin = 0.4}, "head_cosface_insightface");
  head_golden::follow_small(CosFace{.margin = 0.4, .edge = 1e-4}, "head_cosface_adaface");
}

TEST_CASE("cos face has the specification's check values and its loss's gradient") {
  head_golden::printed(CosFace{.margin = 0.4}, 103.0318007, {-3.4809377, -1.8582467, 0.4778969, 1.4889846}, 14.1428984);
  head_golden::differentiate(CosFace{.scale = 8});
  CosFace const edged{.scale = 1, .margin = 0, .edge = 0.1};
  CHECK(edged.logit(0.95, 0.0, 0.0) == 0.9);
  CHECK(edged.slope(0.95, 0.0, 0.0) == 0);
  CHECK(edged.target(-0.95).logit == -0.9);
  CHECK(edged.slope(0.5, 0.0, 0.0) == 1);
}
