#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/imaging/mesh.hpp>

#include <limits>
#include <set>
#include <vector>

using namespace berl;
using namespace berl::gpu;
using imaging::Corner, imaging::Triangle;
using imaging::detail::Nearest;

namespace {
constexpr int side = 6;
/// Half of a square of 5 x 5 samples, at the depth 1 / q.
Triangle<float> half_square(float q) { return Triangle<float>::upper({0, 0, q}, {0, 4, q}, {4, 0, q}); }
template <class Team>
std::vector<unsigned long long> drawn(Triangle<float> const& t, int face, int first, int last,
                                      std::vector<unsigned long long> keys = std::vector<unsigned long long>(side * side,
                                                                                                             Nearest::background())) {
  work<Team>([&](Team team) {
    if (Team::rank() == 0) imaging::detail::draw(team, t, face, side, first, last, keys.data());
  });
  return keys;
}
}  // namespace

TEST_CASE("corners are where the projection puts them, and a cell's two triangles have their own") {
  constexpr int S = 9;
  auto const depth = bump<float, S>(1);
  imaging::Settings const settings;
  float const still[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
  imaging::Projection<float> const projection(imaging::camera<float, S>(settings), imaging::ViewRange<float>(settings).movement(still),
                                              settings);
  std::vector<Corner<float>> corners(S * S);
  imaging::detail::Mesh<float, S> const mesh{projection, depth.span().data(), corners.data()};
  static_assert(imaging::detail::Mesh<float, S>::keeps);
  mesh.project(Solo{});
  std::set<int> faces;
  for (int v = 0; v < S - 1; ++v)
    for (int u = 0; u < S - 1; ++u) {
      auto const expected = projection.value(static_cast<float>(u), static_cast<float>(v), depth[static_cast<std::size_t>(v * S + u)]);
      auto const corner = mesh.corner(v, u);
      CHECK((corner.x == expected.x && corner.y == expected.y && corner.q == expected.q));
      for (bool const upper : {true, false}) {
        auto const t = mesh.triangle(upper, v, u);
        int const face = mesh.face(t, upper, v, u);
        CHECK((face >= 0 && face < 2 * mesh.triangles));
        faces.insert(face);
      }
      CHECK(mesh.triangle(true, v, u).a.x == corner.x);
      CHECK(mesh.triangle(false, v, u).a.q == mesh.corner(v + 1, u + 1).q);
    }
  CHECK(static_cast<int>(faces.size()) == mesh.triangles);  // no two alike
}

TEST_CASE("a triangle is drawn at its samples, within the rows asked for, and the nearer one stays") {
  auto const all = drawn<Solo>(half_square(1), 7, 0, side);
  int count = 0;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      bool const in = x + y <= 4;  // its edges belong to it
      count += in ? 1 : 0;
      CHECK(Nearest::face(all[static_cast<std::size_t>(y * side + x)]) == (in ? 7 : -1));
    }
  CHECK(count == 15);
  auto const band = drawn<Solo>(half_square(1), 7, 1, 3);  // whose first row comes first in the keys
  for (int x = 0; x < side; ++x) {
    CHECK(Nearest::face(band[static_cast<std::size_t>(x)]) == (x <= 3 ? 7 : -1));
    CHECK(Nearest::face(band[static_cast<std::size_t>(2 * side + x)]) == -1);
  }
  CHECK(Nearest::face(drawn<Solo>(half_square(2), 9, 0, side, all)[0]) == 9);
  CHECK(Nearest::face(drawn<Solo>(half_square(0.5f), 3, 0, side, all)[0]) == 7);
  CHECK(drawn<Crew<5>>(half_square(1), 7, 0, side) == all);
}

TEST_CASE("corners share what the samples of their face get") {
  std::vector<int> faces(side * side, -1);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x + y <= 4; ++x) faces[static_cast<std::size_t>(y * side + x)] = 7;
  auto const one = [](int, int) { return 1.f; };
  auto const t = half_square(0.5f);  // flat: no slope, and z = 2 everywhere
  auto const a = imaging::detail::pull_corner(0, t, 7, side, faces.data(), one),
             b = imaging::detail::pull_corner(1, t, 7, side, faces.data(), one),
             c = imaging::detail::pull_corner(2, t, 7, side, faces.data(), one);
  for (auto const& d : {a, b, c}) {
    CHECK(d.x == 0);
    CHECK(d.y == 0);
    CHECK(d.z == doctest::Approx(5).epsilon(1e-6));  // a third of 15 samples: z^2 w / z^2, and the sum of w over them is 5 for each
  }
  faces.assign(faces.size(), 8);
  auto const none = imaging::detail::pull_corner(0, t, 7, side, faces.data(), one);
  CHECK((none.x == 0 && none.y == 0 && none.z == 0));
}

TEST_CASE("the nearest face is the largest number") {
  CHECK(Nearest::of(1.0f, 7) > Nearest::of(0.99f, 3));
  CHECK(Nearest::of(1.0f, 3) > Nearest::of(1.0f, 7));
  CHECK(Nearest::background() < Nearest::of(0.0101f, 5));
  CHECK(Nearest::face(Nearest::background()) == -1);
  CHECK(Nearest::face(Nearest::of(0.5f, 12345)) == 12345);
  CHECK(Nearest::face(Nearest::of(0.5f, 0)) == 0);
  CHECK(Nearest::depth(Nearest::of(0.5f, 1)) == 2);
  CHECK(Nearest::depth(Nearest::background()) == 100);
  CHECK(!Nearest::seen(0.01f));
  CHECK(!Nearest::seen(-1.f));
  CHECK(!Nearest::seen(10.f));
  CHECK(!Nearest::seen(std::numeric_limits<float>::quiet_NaN()));
}
