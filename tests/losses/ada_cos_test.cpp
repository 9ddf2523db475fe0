#include <berl/losses/ada_cos.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("adacos follows the published code over three batches") {
  head_golden::follow_small(AdaCos{}, "head_adacos", 3);
  head_golden::follow<double, 512>(AdaCos{}, "head_adacos", "big", 1000, 1);
}

TEST_CASE("adacos has the specification's check values, and a fixed form") {
  head_golden::printed(AdaCos{}, 4.9607410, {-0.1796383, -0.0950400, 0.0250706, 0.0755768}, 0.6984537);
  head_golden::Small small;
  double s = 0;
  AdaCos{}.begin(&s, 6);
  head_golden::near(s, 2.2760889);
  small.run(AdaCosFixed{}, s);
  head_golden::near(s, 2.2760889);
  small.run(AdaCos{}, s);
  head_golden::near(s, 3.6975601);
}

TEST_CASE("adacos has its loss's gradient for a scale that stands still") { head_golden::differentiate(AdaCosFixed{}); }

TEST_CASE("adacos needs three identities for a scale") {
  double s = 0;
  CHECK_THROWS_WITH_AS(AdaCos{}.begin(&s, 2),
                       "berl::losses::AdaCos: found 2 identities; expected at least 3, for a scale above 0. Use another head, or more "
                       "people.",
                       berl::Error);
}
