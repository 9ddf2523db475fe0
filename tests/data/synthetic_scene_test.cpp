#include <berl/data/synthetic_scene.hpp>

#include <doctest/doctest.h>
#include <map>

using namespace berl;
using namespace berl::data;

TEST_CASE("scenes fill the ranges that the options give") {
  constexpr int n = 4000;
  constexpr double degree = 180 / std::numbers::pi;
  SyntheticOptions const options;
  double least = 1e9, most = -1e9, sum = 0, steep = 0;
  std::map<Occluder, int> kinds;
  auto const within = [](double v, Range r) { return v >= r.low - 1e-12 && v <= r.high + 1e-12; };  // rounding
  for (std::uint64_t p = 0; p < n; ++p) {
    auto const s = synthetic_scene(Seed{41}, p % 10, p / 10, options);
    double const yaw = s.pose.ry * degree;
    REQUIRE(within(yaw, options.yaw));
    REQUIRE(within(s.pose.rx * degree, options.pitch));
    REQUIRE(within(s.pose.rz * degree, options.roll));
    REQUIRE(within(s.pose.tx, options.shift));
    REQUIRE(within(s.pose.ty, options.shift));
    REQUIRE(within(s.pose.tz, options.distance));
    REQUIRE(within(s.light.ambient, options.ambient));
    REQUIRE(within(s.light.diffuse, options.diffuse));
    REQUIRE(within(s.light.x, options.light_x));
    REQUIRE(within(s.light.y, options.light_y));
    REQUIRE(within(s.noise, options.noise));
    least = std::min(least, yaw), most = std::max(most, yaw), sum += yaw, steep += std::abs(s.pose.rx * degree) > 12.5;
    ++kinds[s.occluder];
  }
  CHECK(least < -59);
  CHECK(most > 59);
  CHECK(std::abs(sum / n) < 2.2);                           // four standard errors of 120 / sqrt(12) / sqrt(4000)
  CHECK(steep / n == doctest::Approx(0.25).epsilon(0.12));  // a triangle has a quarter beyond half its width; 4 errors of 0.0068
  CHECK(kinds[Occluder::none] / static_cast<double>(n) == doctest::Approx(0.75).epsilon(0.04));  // 4 errors of 0.0068
  for (auto const kind : {Occluder::eyes, Occluder::mouth, Occluder::side, Occluder::spot}) CHECK(kinds[kind] > n / 40);
}

TEST_CASE("narrow ranges make strata, and leave the rest of the picture as it was") {
  SyntheticOptions options;
  options.yaw = {40, 45}, options.occluder_probability = 1;
  auto const a = synthetic_scene(Seed{42}, 1, 2, options), b = synthetic_scene(Seed{42}, 1, 2, {});
  CHECK(a.pose.ry * 180 / std::numbers::pi >= 40);
  CHECK(a.pose.ry * 180 / std::numbers::pi <= 45);
  CHECK(a.occluder != Occluder::none);
  CHECK(a.pose.rx == b.pose.rx);
  CHECK(a.light == b.light);
  CHECK(a.background == b.background);
}

TEST_CASE("an impossible range is one sentence") {
  SyntheticOptions options;
  options.yaw = {30, -30};
  CHECK_THROWS_WITH_AS(options.require_valid(), doctest::Contains("SyntheticOptions: yaw: found 30"), Error);
  options.yaw = {0, 0}, options.occluder_probability = 1.5;
  CHECK_THROWS_WITH_AS(options.require_valid(), doctest::Contains("occluder_probability"), Error);
}
