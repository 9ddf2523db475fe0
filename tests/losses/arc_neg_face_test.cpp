#include <berl/losses/arc_neg_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("arc neg face follows the published code") { head_golden::follow_small(ArcNegFace{}, "head_arcnegface"); }

TEST_CASE("arc neg face: nearer classes count more") {
  ArcNegFace const head{.scale = 1};
  CHECK(head.logit(0.3, 0.3, 0.0) == doctest::Approx(1.2 * 0.3 + 0.2));
  CHECK(head.slope(0.3, 0.3, 0.0) == 1.2);
  CHECK(head.slope(0.9, 0.3, 0.0) == doctest::Approx(1.2 * std::exp(-0.18)));
}
