#include <berl/data/synthetic_render.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::data;

namespace {
/// A square |x|, |y| < half at depth z0 + slope x, facing the camera or, turned, facing away.
void add_square(SyntheticHead& head, double half, double z0, double slope, bool turned = false) {
  auto const first = static_cast<std::uint32_t>(head.vertices.size());
  for (double const y : {-half, half})
    for (double const x : {-half, half})
      head.vertices.push_back({static_cast<float>(x), static_cast<float>(y), static_cast<float>(z0 + slope * x), 0, 0, 1, 0, 0});
  if (turned) {
    head.triangles.push_back({first, first + 2, first + 1}), head.triangles.push_back({first + 1, first + 2, first + 3});
  } else {
    head.triangles.push_back({first, first + 1, first + 2}), head.triangles.push_back({first + 1, first + 3, first + 2});
  }
}
synthetic::Seen look(SyntheticHead const& head, HeadPose const& pose, int size) {
  std::vector<synthetic::Projected> corners;
  synthetic::Seen seen;
  synthetic::look(head, pose, size, corners, seen);
  return seen;
}
}  // namespace

TEST_CASE("focal lengths of the 64 and the 112 raster") {
  CHECK(synthetic::raster_focal(64) == doctest::Approx(360.0466475369823).epsilon(1e-12));  // spec of the camera
  CHECK(synthetic::raster_focal(112) == doctest::Approx(630.08163318971).epsilon(1e-12));   // 112 / 64 of it
}

TEST_CASE("the movement is Rz Ry Rx about (0, 0, 1), then a shift") {
  double const h = std::numbers::pi / 2;
  auto const near = [](Vector3 a, Vector3 b) {
    return std::abs(a.x - b.x) + std::abs(a.y - b.y) + std::abs(a.z - b.z) < 1e-12;
  };  // rounding
  Vector3 const p{0.1, 0.2, 1.3};
  CHECK(near(synthetic::Movement({h, 0, 0, 0, 0, 0}).move(p), {0.1, -0.3, 1.2}));  // y' = -z, z' = y
  CHECK(near(synthetic::Movement({0, h, 0, 0, 0, 0}).move(p), {0.3, 0.2, 0.9}));   // x' = z, z' = -x
  CHECK(near(synthetic::Movement({0, 0, h, 0, 0, 0}).move(p), {-0.2, 0.1, 1.3}));  // x' = -y, y' = x
  CHECK(near(synthetic::Movement({h, h, 0, 0, 0, 0}).move(p), {0.2, -0.3, 0.9}));  // x first, then y
  CHECK(near(synthetic::Movement({0, h, h, 1, 2, 3}).move(p), {0.8, 2.3, 3.9}));   // then z, then the shift
}

TEST_CASE("a slanted plane has its exact depth at every sample, without cracks") {
  SyntheticHead head;
  add_square(head, 0.2, 1.0, 0.4);
  auto const seen = look(head, {}, 64);
  for (std::size_t i = 0; i < 64 * 64; ++i) {
    double const x = (static_cast<double>(i % 64) - 31.5) / synthetic::raster_focal(64);
    REQUIRE(seen.triangle[i] != synthetic::Seen::nothing);
    REQUIRE(1 / seen.inverse_depth[i] == doctest::Approx(1 / (1 - 0.4 * x)).epsilon(2e-6));  // z = 1 + 0.4 x z, in float
  }
}

TEST_CASE("the nearest surface is seen, and none from behind") {
  SyntheticHead head;
  add_square(head, 0.03, 1.05, 0), add_square(head, 0.03, 0.95, 0), add_square(head, 0.03, 1.0, 0), add_square(head, 0.03, 0.9, 0, true);
  auto const seen = look(head, {}, 64);
  CHECK(1 / seen.inverse_depth[32 * 64 + 32] == doctest::Approx(0.95).epsilon(1e-6));  // float
  CHECK(seen.triangle[0] == synthetic::Seen::nothing);
  int covered = 0;
  for (auto const t : seen.triangle) covered += t != synthetic::Seen::nothing;
  CHECK(covered == 22 * 22);  // half side 0.03 / 0.95 * 360.05 = 11.37 pitches, centres at 0.5, 1.5, ..., 10.5
}
