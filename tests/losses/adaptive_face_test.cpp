#include <berl/losses/adaptive_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("adaptive face follows the published code") {
  head_golden::follow_small(AdaptiveFace{}, "head_adam_softmax");
  head_golden::follow<double, 512>(AdaptiveFace{}, "head_adam_softmax", "big", 1000, 1);
}

TEST_CASE("adaptive face has the specification's check values") {
  std::vector<double> const numbers{0.30, 0.32, 0.34, 0.36, 0.38, 0.40};
  head_golden::printed(AdaptiveFace{}, 92.1463766, {-1.6316853, -0.8710502, 0.2240139, 0.6979587}, 6.6288308, numbers);
  head_golden::Small small;
  head_golden::Keeps<double, AdaptiveFace> keeps(AdaptiveFace{}, 6);
  keeps.number = numbers;
  small.run(AdaptiveFace{}, keeps.kept());
  double const expected[] = {-4.166667, -4.166667, -11.666667, -4.166667, -11.666667, -4.171718};
  for (std::size_t j = 0; j < 6; ++j) CHECK(std::abs(keeps.d_number[j] - expected[j]) < 5.1e-7);  // six decimals are printed
}

TEST_CASE("adaptive face has its loss's gradients, of margins too, and keeps these in their range") {
  head_golden::differentiate(AdaptiveFace{.scale = 8, .penalty = 3});
  head_golden::Small small;
  head_golden::Keeps<double, AdaptiveFace> keeps(AdaptiveFace{}, 6);
  keeps.number = {-0.1, 0.5, 1.5, 0.5, 0.5, 0.5};
  small.run(AdaptiveFace{}, keeps.kept());
  CHECK(keeps.number == std::vector<double>{0, 0.5, 1, 0.5, 0.5, 0.5});
  keeps.number[4] = std::nan("");  // no sample's own
  CHECK(std::isnan(small.run(AdaptiveFace{}, keeps.kept()).loss));
}
