#include <berl/losses/mv_softmax.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("mv-softmax follows the published code in both forms") {
  head_golden::follow_small(MvAmSoftmax{}, "head_mv_softmax_am");
  head_golden::follow_small(MvArcSoftmax{}, "head_mv_softmax_arc");
}

TEST_CASE("mv-softmax has the specification's check values") {
  head_golden::printed(MvAmSoftmax{}, 48.9031340, {-1.8056893, -0.9434865, 0.2576413, 0.7422272}, 7.3445342);
  head_golden::printed(MvArcSoftmax{}, 45.6952033, {-1.8056893, -0.9434865, 0.2576413, 0.7422272}, 6.3202702);
  head_golden::printed(MvArcSoftmax{.scale = 64, .margin = 0.5, .hardness = 1.2}, 105.5498492,
                       {-3.6983407, -1.9061249, 0.5402065, 1.4814353}, 16.6772036);
}

TEST_CASE("mv-softmax has its loss's gradient, and a fixed form") {
  head_golden::differentiate(MvAmSoftmax{.scale = 8});
  head_golden::differentiate(MvArcSoftmax{.scale = 8});
  MvAmSoftmax const fixed{.scale = 1, .hardness = 1.5, .form = MisclassifiedVectors::Form::fixed};
  CHECK(fixed.logit(0.4, 0.3, 0.0) == 0.4 + 1.5 - 1);
  CHECK(fixed.slope(0.4, 0.3, 0.0) == 1);
  CHECK(fixed.logit(0.3, 0.3, 0.0) == 0.3);  // not hard: the comparison is strict
  head_golden::differentiate(MvArcSoftmax{.scale = 8, .form = MisclassifiedVectors::Form::fixed});
}
