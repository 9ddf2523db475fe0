#include <doctest/doctest.h>

#include <berl/imaging/triangle.hpp>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

TEST_CASE("the mathematics of a triangle draws and differentiates loose triangles as the reference") {
  golden::File const file("render_raster");
  auto const faces = file.get("mesh/faces");
  auto const dy = golden::filled("mesh/gy_aa0", 2 * 16 * 16, 1);
  auto const depth = file.get("mesh_aa0/depth"), gradient = file.get("mesh_aa0/gfaces");
  auto const index = file.get<int>("mesh_aa0/face_index");
  std::vector<double> found(gradient.size(), 0.0);
  int wrong = 0;
  double worst = 0;
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < 256; ++i) {  // row 0 at the bottom, y upwards
      double best = 0.01;
      int drawn = -1;
      auto const triangle = [&](int f) {
        double const* const p = faces.data() + (n * 14 + static_cast<std::size_t>(f)) * 9;
        auto const corner = [p](int k) { return Corner<double>{p[3 * k] * 8 + 7.5, p[3 * k + 1] * 8 + 7.5, 1 / p[3 * k + 2]}; };
        return Triangle<double>::upper(corner(0), corner(1), corner(2));
      };
      double const x = static_cast<double>(i % 16), y = static_cast<double>(i / 16);
      for (int f = 0; f < 14; ++f) {
        auto const t = triangle(f);
        auto const w = t.weights(x, y);
        double const q = t.inverse_depth(w);
        if (t.covers && !t.front && w.inside() && q < 10 && q > best) best = q, drawn = f;
      }
      std::size_t const top = (n * 16 + 15 - i / 16) * 16 + i % 16;
      // On the edge of two triangles of one depth the reference's own rounding decides; its choice is as near as ours.
      int const chosen = index[n * 256 + i];
      if (drawn != chosen && drawn >= 0 && chosen >= 0) {
        auto const w = triangle(chosen).weights(x, y);
        if (w.inside() && std::abs(triangle(chosen).inverse_depth(w) - best) < 1e-14) drawn = chosen;
      }
      wrong += drawn != chosen;
      worst = std::max(worst, std::abs((drawn < 0 ? 100 : 1 / best) - depth[top]));
      if (drawn < 0) continue;
      auto const t = triangle(drawn);
      auto const w = t.weights(x, y);
      double qx, qy;
      t.slope(qx, qy);
      double const zz = static_cast<double>(dy[top]) / (best * best), share[3] = {1 - w.b - w.c, w.b, w.c}, qs[3] = {t.a.q, t.b.q, t.c.q};
      for (std::size_t k = 0; k < 3; ++k) {
        double* const d = found.data() + (n * 14 + static_cast<std::size_t>(drawn)) * 9 + 3 * k;
        d[0] += zz * share[k] * qx * 8;  // 8 samples per normalised unit
        d[1] += zz * share[k] * qy * 8;
        d[2] += zz * share[k] * qs[k] * qs[k];
      }
    }
  CHECK(wrong == 0);
  CHECK(worst < 1e-9);
  CHECK(golden::deviation(found, gradient) < 1e-8);  // the fixture's tolerance for gradients is 1e-7
}

TEST_CASE("no sample between two triangles is lost, and weights are affine, 1 at their corner and 0 at the others") {
  auto const xy = maps::noise<Shape<2, 1, 4>, float>("cells", 200, 0.4);
  int lost = 0;
  for (int n = 0; n < 200; ++n) {
    float const* const p = xy.read().sample(n);
    Corner<float> const a{100 + p[0], 50 + p[1], 1}, c{102 + p[2], 50 + p[3], 1.1f}, b{100 + p[4], 52 + p[5], 0.9f},
        d{102 + p[6], 52 + p[7], 1};
    auto const upper = Triangle<float>::upper(a, b, c), lower = Triangle<float>::lower(c, b, d);
    for (int k = 1; k < 32; ++k) {  // along the diagonal, up to rounding
      float const s = static_cast<float>(k) / 32, x = b.x + s * (c.x - b.x), y = b.y + s * (c.y - b.y);
      lost += !upper.weights(x, y).inside() && !lower.weights(x, y).inside();
    }
    auto const at_c = upper.weights(c.x, c.y), at_d = lower.weights(d.x, d.y);
    CHECK(std::abs(at_c.a) + std::abs(at_c.b) + std::abs(at_c.c - 1) < 1e-5f);  // roundings of positions of size 100
    CHECK(std::abs(at_d.a - 1) + std::abs(at_d.b) + std::abs(at_d.c) < 1e-5f);
  }
  CHECK(lost == 0);
}
