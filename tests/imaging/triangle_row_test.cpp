#include <berl/core/random.hpp>
#include <berl/imaging/triangle_row.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // max
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace berl;
using namespace berl::imaging;

namespace {
constexpr int S = 7, A = 2, side = A * S;
using Map = std::vector<double>;

/// A grid of corners, drawn at random around where a flat face has them: some triangles are turned over, and with a large spread some cover
/// more samples than go side by side.
struct Grid {
  Map x, y, q;
  explicit Grid(double spread) : x(S * S), y(S * S), q(S * S) {
    Random random(Seed{7});
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u) {
        auto const i = static_cast<std::size_t>(v * S + u);
        x[i] = A * u + 0.5 + random.uniform(-spread, spread);
        y[i] = A * v + 0.5 + random.uniform(-spread, spread);
        q[i] = random.uniform(0.5, 11.0);  // some beyond 10, which are too near
      }
  }
  imaging::detail::Corners<double> corners() { return {x.data(), y.data(), q.data()}; }
};
struct Face {
  Triangle<double> triangle;
  std::array<int, 3> corner;  // the triangle's a, b, c
  std::int32_t number;
};
/// The triangles of the row of cells v, one kind after the other.
std::vector<Face> faces_of(Grid& grid, int v) {
  auto const corners = grid.corners();
  constexpr int cells = (S - 1) * (S - 1);
  std::vector<Face> faces;
  for (bool const is_upper : {true, false})
    for (int u = 0; u < S - 1; ++u) {
      int const a = v * S + u, b = a + S, c = a + 1, d = b + 1;
      auto const t = is_upper ? Triangle<double>::upper(corners[a], corners[b], corners[c])
                              : Triangle<double>::lower(corners[c], corners[b], corners[d]);
      int const number = v * (S - 1) + u + (is_upper ? 0 : cells) + (t.front ? 0 : 2 * cells);
      faces.push_back({t, is_upper ? std::array{a, b, c} : std::array{d, c, b}, number});
    }
  return faces;
}
struct Raster {
  Map q = Map(side * side, 0.01);
  std::vector<std::int32_t> face = std::vector<std::int32_t>(side * side, -1);
};
Raster drawn_row(Grid& grid, int v) {
  Raster raster;
  imaging::detail::draw(imaging::detail::Row<double, S, true>(grid.corners(), v, side), side, raster.q.data(), raster.face.data());
  imaging::detail::draw(imaging::detail::Row<double, S, false>(grid.corners(), v, side), side, raster.q.data(), raster.face.data());
  return raster;
}
}  // namespace

TEST_CASE("a row of triangles is drawn as each of them alone, sample by sample, the nearest on top") {
  for (double const spread : {0.0, 0.6, 4.0}) {
    CAPTURE(spread);
    Grid grid(spread);
    int covered = 0, large = 0;
    for (int v = 0; v < S - 1; ++v) {
      Raster expected;
      for (auto const& [t, corner, number] : faces_of(grid, v)) {
        large += Box<double>(t, side - 1).columns > 4;
        for (int j = 0; t.covers && j < side; ++j)
          for (int i = 0; i < side; ++i) {
            auto const w = t.weights(i, j);
            double const q = t.inverse_depth(w);
            auto const at = static_cast<std::size_t>(j * side + i);
            if (!w.inside() || q >= 10) continue;
            if (q > expected.q[at] || (q == expected.q[at] && number < expected.face[at])) {
              expected.q[at] = q;
              expected.face[at] = number;
            }
          }
      }
      Raster const found = drawn_row(grid, v);
      CHECK(found.face == expected.face);
      for (std::size_t i = 0; i < found.q.size(); ++i) {
        CHECK(std::abs(found.q[i] - expected.q[i]) <= 1e-14 * expected.q[i]);  // a product may be fused with its sum in one of the two
        covered += found.face[i] >= 0;
      }
    }
    CHECK(covered > 50);
    CHECK((large > 0) == (spread > 1));
  }
}

TEST_CASE("a row's gradients are the sums over the samples that show each triangle") {
  for (double const spread : {0.6, 4.0}) {
    CAPTURE(spread);
    Grid grid(spread);
    Random random(Seed{9});
    Map dy(side * side);
    for (double& d : dy) d = random.uniform(-1.0, 1.0);
    for (int v = 0; v < S - 1; ++v) {
      Raster const raster = drawn_row(grid, v);
      Map expected[3] = {Map(S * S), Map(S * S), Map(S * S)}, found[3] = {Map(S * S), Map(S * S), Map(S * S)};
      for (auto const& [t, corner, number] : faces_of(grid, v)) {
        double qx, qy;
        t.slope(qx, qy);
        for (int at = 0; at < side * side; ++at) {
          if (raster.face[static_cast<std::size_t>(at)] != number) continue;
          auto const w = t.weights(at % side, at / side);
          double const q = t.inverse_depth(w), d = dy[static_cast<std::size_t>(at)] / (q * q);  // dy z^2
          double const weights[3] = {1 - w.b - w.c, w.b, w.c}, qs[3] = {t.a.q, t.b.q, t.c.q};
          for (std::size_t k = 0; k < 3; ++k) {
            auto const to = static_cast<std::size_t>(corner[k]);
            expected[0][to] += d * weights[k] * qx;
            expected[1][to] += d * weights[k] * qy;
            expected[2][to] += d * weights[k] * qs[k] * qs[k];  // dy (z / z_k)^2
          }
        }
      }
      imaging::detail::Corners<double> const to{found[0].data(), found[1].data(), found[2].data()};
      imaging::detail::pull(imaging::detail::Row<double, S, true>(grid.corners(), v, side), v, side, raster.face.data(), dy.data(), to);
      imaging::detail::pull(imaging::detail::Row<double, S, false>(grid.corners(), v, side), v, side, raster.face.data(), dy.data(), to);
      for (int k = 0; k < 3; ++k) {
        double largest = 0, worst = 0;
        for (std::size_t i = 0; i < S * S; ++i) {
          largest = std::max(largest, std::abs(expected[k][i]));
          worst = std::max(worst, std::abs(found[k][i] - expected[k][i]));
        }
        CHECK(largest > 0);
        CHECK(worst <= 1e-12 * largest);  // sums of a few tens of terms in another order
      }
    }
  }
}
