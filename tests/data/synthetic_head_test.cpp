#include <berl/data/synthetic_head.hpp>

#include <doctest/doctest.h>
#include <algorithm>

using namespace berl;
using namespace berl::data;

TEST_CASE("a head's mesh: indices, texture coordinates, depths, unit normals that agree with its triangles") {
  for (std::uint64_t k = 0; k < 12; ++k) {
    auto const head = synthetic_head(synthetic_identity(Seed{31}, k));
    CAPTURE(k);
    REQUIRE(head.texture.size() == std::size_t{4} * static_cast<std::size_t>(head.texture_width * head.texture_height));
    for (std::size_t i = 3; i < head.texture.size(); i += 4) REQUIRE(head.texture[i] <= 3);
    for (auto const& v : head.vertices) {
      REQUIRE(v.z > 0.915f);
      REQUIRE(v.z < 1.1f);
      REQUIRE(v.s >= 0.0f);
      REQUIRE(v.s <= static_cast<float>(head.texture_width - 1));
      REQUIRE(v.t >= 0.0f);
      REQUIRE(v.t <= static_cast<float>(head.texture_height - 1));
      REQUIRE(std::abs(v.nx * v.nx + v.ny * v.ny + v.nz * v.nz - 1) < 1e-5f);  // float rounding
    }
    std::vector<double> cosines;
    for (auto const& [a, b, c] : head.triangles) {
      REQUIRE(std::max({a, b, c}) < head.vertices.size());
      auto const &A = head.vertices[a], &B = head.vertices[b], &C = head.vertices[c];
      Vector3 const n = synthetic::cross({B.x - A.x, B.y - A.y, B.z - A.z}, {C.x - A.x, C.y - A.y, C.z - A.z});
      double const length = std::sqrt(n.x * n.x + n.y * n.y + n.z * n.z);
      if (length > 1e-9) cosines.push_back((n.x * A.nx + n.y * A.ny + n.z * A.nz) / length);
    }
    std::sort(cosines.begin(), cosines.end());
    CHECK(cosines[cosines.size() / 2] > 0.995);   // 6 degrees: half a cell of a smooth surface
    CHECK(cosines[cosines.size() / 100] > 0.25);  // creases and rims, but nothing turned over
  }
}

TEST_CASE("the same identity gives the same head") {
  auto const a = synthetic_head(synthetic_identity(Seed{31}, 3)), b = synthetic_head(synthetic_identity(Seed{31}, 3));
  CHECK(a.texture == b.texture);
  CHECK(std::equal(a.vertices.begin(), a.vertices.end(), b.vertices.begin(),
                   [](auto const& p, auto const& q) { return p.x == q.x && p.y == q.y && p.z == q.z && p.nx == q.nx; }));
}
