#include <berl/losses/circle_loss.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("circle loss follows the published code") { head_golden::follow_small(CircleLoss{}, "head_circleloss"); }

TEST_CASE("circle loss has the specification's check values") {
  head_golden::printed(CircleLoss{}, 755.6683512, {-21.2585189, -12.0013595, 2.6077485, 10.0561274}, 87.3329866);
  CHECK(CircleLoss{.scale = 2}.slope(-0.5, 0.0, 0.0) == 0);  // far enough already
  CHECK(CircleLoss{.scale = 2}.target(0.75).slope == 1);
}
