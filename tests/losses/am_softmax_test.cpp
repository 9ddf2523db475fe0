#include <berl/losses/am_softmax.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("am-softmax follows the published code") { head_golden::follow_small(AmSoftmax{.scale = 32}, "head_am_softmax"); }

TEST_CASE("am-softmax has the specification's check values and its loss's gradient") {
  head_golden::printed(AmSoftmax{.scale = 32}, 49.9164419, {-1.7404669, -0.9291220, 0.2389483, 0.7444910}, 7.0685417);
  head_golden::differentiate(AmSoftmax{.scale = 8});
}
