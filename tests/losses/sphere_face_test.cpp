#include <berl/losses/sphere_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("sphere face follows the formula and the published code") {
  head_golden::follow_small(SphereFace{.scale = 30, .margin = 1.5, .least_lambda = 0, .first_lambda = 0}, "head_sphereface_exact");
  head_golden::follow_small(SphereFaceStraight{}, "head_sphereface_opensphere", 1, head_golden::Weights::normalised);
}

TEST_CASE("sphere face has the specification's check values") {
  auto const constant = [](double lambda) { return SphereFace{.least_lambda = lambda, .first_lambda = 0}; };
  head_golden::printed(constant(0), 30.0989258, {-0.6875537, 0.1244231, 0.9237432, 1.1373259}, 10.5305306);
  head_golden::printed(constant(5), 11.9335889, {-0.2799430, 0.0544276, 0.3611909, 0.4134987}, 3.7800010);
  head_golden::printed(constant(1000), 8.3439231, {-0.1985794, 0.0404448, 0.2489425, 0.2691584}, 2.5309985);
}

TEST_CASE("sphere face falls all the way, smoothly, and its margin sets in slowly") {
  double last = 1;
  for (int k = 1; k < 400; ++k) {
    double const g = std::cos(k * std::numbers::pi / 400);
    MultipliedAngle<double> const psi(g, 4);
    CHECK(psi.value < last);
    last = psi.value;
    double const floor = std::floor(k / 100.0), sign = static_cast<int>(floor) % 2 == 0 ? 1 : -1;
    if (k % 100 != 0) CHECK(psi.slope == doctest::Approx(sign * (32 * g * g * g - 16 * g)));
  }
  CHECK(MultipliedAngle<double>(1, 4).slope == 16);
  CHECK(MultipliedAngle<double>(-1, 4).value == -7);
  double it = 0;
  head_golden::Small small;
  small.run(SphereFace{}, it);
  CHECK(it == 1);
  std::vector<double> const at{8990};  // 1500 / 900 is below 5
  Own<double> const own{0.5, 2};
  CHECK(SphereFace{}.target(own, static_cast<double const*>(at.data())).logit == doctest::Approx(2 * (0.5 + (-1.5 - 0.5) / 6)));
}

TEST_CASE("sphere face has its loss's gradient, along the embedding too") {
  head_golden::differentiate(SphereFace{.least_lambda = 1, .first_lambda = 0}, 2);
  head_golden::differentiate(SphereFace{.scale = 4, .margin = 1.5, .least_lambda = 0, .first_lambda = 0});
}
