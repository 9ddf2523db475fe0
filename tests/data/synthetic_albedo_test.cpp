#include <berl/data/synthetic_albedo.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::data;

TEST_CASE("the painter paints a face: pupils dark, lips red, hair above, all within [0, 1]") {
  int redder = 0;
  constexpr int n = 200;
  for (std::uint64_t k = 0; k < n; ++k) {
    auto id = synthetic_identity(Seed{21}, k);
    CAPTURE(k);
    auto const front = [&](double x, double y) { return head_surface(id, x, y, x / id.half_width, 1.6); };
    for (double y = -0.1; y < 0.09; y += 0.004)
      for (double x = -0.06; x < 0.06; x += 0.003) {
        auto const c = front(x, y).albedo;
        REQUIRE(std::min({c.r, c.g, c.b}) >= 0.0);
        REQUIRE(std::max({c.r, c.g, c.b}) <= 1.0);
      }
    for (double const side : {-1.0, 1.0}) CHECK(front(side * id.eye_distance, id.eye_height - 0.0006).albedo.r < 0.15);
    CHECK(front(0, 0.01).kind == SurfaceKind::face);
    if (!id.bald) CHECK(front(0, -0.1).kind == SurfaceKind::hair);
    CHECK(head_surface(id, 0.03, 0.07, 2.5, 2.6).kind == SurfaceKind::other);
    auto const lip = front(0.004, id.mouth_height + 0.6 * id.lower_lip).albedo;
    redder += lip.r / lip.g > id.skin.r / id.skin.g;
  }
  CHECK(redder > n * 9 / 10);  // a mole or a birthmark may lie on the others
}

TEST_CASE("pigment follows the identity and need not be symmetric") {
  auto id = synthetic_identity(Seed{22}, 0);
  id.spots[0] = {0.03, 0.03, 0.0015, 0.8}, id.spot_count = 1, id.beard = id.stubble = 0;
  auto const with = head_surface(id, 0.03, 0.03, 0.5, 2.0).albedo, mirrored = head_surface(id, -0.03, 0.03, -0.5, 2.0).albedo;
  CHECK(with.g < 0.8 * mirrored.g);  // 0.8 of the way to 0.42, against a mottling of at most 20 %
}

TEST_CASE("lattice noise is smooth and within [-1, 1]") {
  for (double x = -20; x < 20; x += 0.37) {
    double const a = synthetic::lattice_noise(9, x, 0.3 * x), b = synthetic::lattice_noise(9, x + 1e-6, 0.3 * x);
    REQUIRE(std::abs(a) <= 1.0);
    REQUIRE(std::abs(a - b) < 1e-5);  // the blend's slope is at most 1.5, the values differ by at most 2
  }
}
