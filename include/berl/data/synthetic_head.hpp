#pragma once
#include <berl/data/synthetic_albedo.hpp>  // head_surface
#include <berl/data/synthetic_shape.hpp>   // head_point, Vector3

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>  // pi
#include <vector>

namespace berl::data {
/// Somebody's head, ears, neck and long hair as triangles with smooth normals and one painted texture, in the canonical frame.
/// Normals point into the head: away from a camera that sees it.
struct SyntheticHead {
  struct Vertex {
    float x, y, z, nx, ny, nz;
    float s, t;  ///< texture column and row
  };
  int texture_width = 0, texture_height = 0;
  std::vector<Vertex> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;  ///< counter-clockwise in (x right, y down) where they are visible
  std::vector<std::uint8_t> texture;                    ///< red, green, blue of 255, and SurfaceKind
};

namespace synthetic {
inline Vector3 cross(Vector3 a, Vector3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }

/// Builds a head patch by patch. A patch is a grid of points over (i to the right, j downwards) as seen from outside.
class HeadBuilder {
 public:
  static constexpr int columns = 96, rows = 96, texels = 3, strip = 24;  // strips below the head's texture: ears, neck, hair
  static constexpr int width = columns * texels + 1, head_height = rows * texels + 1, height = head_height + 4 * strip;

  explicit HeadBuilder(SyntheticIdentity const& id) : id_(id) {
    head_.texture_width = width, head_.texture_height = height;
    head_.texture.resize(std::size_t{4} * width * height);
    add_head();
    if (id.long_hair > 0)
      add_long_hair();
    else
      add_ears();
    add_neck();
  }
  SyntheticHead take() { return std::move(head_); }

 private:
  /// The head's grid is fine before and coarse behind.
  static double longitude(double s) {
    double const u = 2 * s - 1;
    return std::numbers::pi * (0.42 * u + 0.58 * u * u * u);
  }
  static double colatitude(double t) { return t < 0.15 ? t / 0.15 * 1.134 : 1.134 + (t - 0.15) / 0.85 * (std::numbers::pi - 1.134); }

  template <class Point>
  void add_patch(int across, int down, int first_texel_row, int texel_rows, bool closed, Point const& point) {
    auto const first = static_cast<std::uint32_t>(head_.vertices.size());
    auto const pitch = static_cast<std::uint32_t>(across + 1);
    std::vector<Vector3> p(pitch * static_cast<std::size_t>(down + 1));
    auto const at = [&](int i, int j) -> Vector3& { return p[static_cast<std::size_t>(j) * pitch + static_cast<std::size_t>(i)]; };
    for (int j = 0; j <= down; ++j)
      for (int i = 0; i <= across; ++i) at(i, j) = point(static_cast<double>(i) / across, static_cast<double>(j) / down);
    for (int j = 0; j <= down; ++j)
      for (int i = 0; i <= across; ++i) {
        int const left = i > 0 ? i - 1 : closed ? across - 1 : 0, right = i < across ? i + 1 : closed ? 1 : across;
        int const row = std::clamp(j, 1, down - 1);  // at a pole the row beside it knows the direction
        Vector3 n = cross(at(right, row) - at(left, row), at(i, std::min(j + 1, down)) - at(i, std::max(j - 1, 0)));
        double const length = std::sqrt(n.x * n.x + n.y * n.y + n.z * n.z);
        n = n * (1 / std::max(length, 1e-30));
        Vector3 const q = at(i, j);
        auto const f = [](double v) { return static_cast<float>(v); };
        head_.vertices.push_back({f(q.x), f(q.y), f(q.z), f(n.x), f(n.y), f(n.z), f(static_cast<double>(i) * (width - 1) / across),
                                  f(first_texel_row + static_cast<double>(j) * (texel_rows - 1) / down)});
      }
    for (std::uint32_t j = 0; j < static_cast<std::uint32_t>(down); ++j)
      for (std::uint32_t i = 0; i + 1 < pitch; ++i) {
        std::uint32_t const a = first + j * pitch + i;
        head_.triangles.push_back({a, a + 1, a + pitch});
        head_.triangles.push_back({a + 1, a + pitch + 1, a + pitch});
      }
  }

  void put_texel(int s, int t, Surface const& surface) {
    auto const byte = [](double v) { return static_cast<std::uint8_t>(std::clamp(v, 0.0, 1.0) * 255 + 0.5); };
    auto* to = &head_.texture[std::size_t{4} * (static_cast<std::size_t>(t) * width + static_cast<std::size_t>(s))];
    to[0] = byte(surface.albedo.r), to[1] = byte(surface.albedo.g), to[2] = byte(surface.albedo.b);
    to[3] = static_cast<std::uint8_t>(surface.kind);
  }
  template <class Paint>
  void paint(int first_row, int count, Paint const& surface) {
    for (int t = 0; t < count; ++t)
      for (int s = 0; s < width; ++s)
        put_texel(s, first_row + t, surface(static_cast<double>(s) / (width - 1), static_cast<double>(t) / (count - 1)));
  }

  void add_head() {
    add_patch(columns, rows, 0, head_height, true, [&](double s, double t) { return head_point(id_, longitude(s), colatitude(t)); });
    // The base's (x, y) between the vertices is interpolated, as the renderer does with the points.
    std::vector<Vector3> base;
    for (int j = 0; j <= rows; ++j)
      for (int i = 0; i <= columns; ++i)
        base.push_back(head_base(id_, longitude(static_cast<double>(i) / columns), colatitude(static_cast<double>(j) / rows)));
    paint(0, head_height, [&](double s, double t) {
      double const gi = s * columns, gj = t * rows;
      int const i = std::min(static_cast<int>(gi), columns - 1), j = std::min(static_cast<int>(gj), rows - 1);
      auto const at = [&](int di, int dj) { return base[static_cast<std::size_t>((j + dj) * (columns + 1) + i + di)]; };
      Vector3 const top = at(0, 0) + (at(1, 0) - at(0, 0)) * (gi - i), bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * (gi - i);
      Vector3 const p = top + (bottom - top) * (gj - j);
      return head_surface(id_, p.x, p.y, longitude(s), colatitude(t));
    });
  }

  void add_ears() {
    double const size = id_.ear_size, a = id_.ear_angle;
    for (double const side : {1.0, -1.0})
      add_patch(20, 14, head_height, strip, true, [&](double s, double t) {
        double const theta = side * (2 * s - 1) * std::numbers::pi, phi = t * std::numbers::pi;
        double const y = -std::cos(phi), lobe = 1 - 0.22 * y;
        Vector3 q{0.0105 * size * lobe * std::sin(phi) * std::sin(theta), 0.0195 * size * y, -0.0042 * std::sin(phi) * std::cos(theta)};
        double const outside = std::max(std::cos(theta), 0.0) * std::sin(phi);
        double const bowl = bell((q.x + 0.001) / (0.0042 * size)) * bell((q.y - 0.001) / (0.0085 * size));
        q.z += outside * 0.0050 * bowl + 2.0 * q.x * q.x / 0.0105 * -0.12;
        Vector3 const centre{id_.half_width + 0.0035, 0.007, 1.024};
        return Vector3{side * (centre.x + q.x * std::sin(a) - q.z * std::cos(a)), centre.y + q.y,
                       centre.z + q.x * std::cos(a) + q.z * std::sin(a)};
      });
    Colour const skin = id_.skin * Colour{0.98, 0.88, 0.86};
    paint(head_height, strip, [&](double s, double t) {
      double const bowl = bell((s - 0.5) / 0.07) * bell((t - 0.5) / 0.13);
      return Surface{skin * (1 - 0.35 * bowl), SurfaceKind::other};
    });
  }

  void add_neck() {
    int const row = head_height + strip;
    add_patch(32, 12, row, strip, true, [&](double s, double t) {
      double const theta = (2 * s - 1) * std::numbers::pi, y = 0.040 + 0.130 * t, shoulder = step(0.108, 0.170, y);
      return Vector3{(id_.neck_width + 0.10 * shoulder) * std::sin(theta), y, 1.036 - (0.040 + 0.020 * shoulder) * std::cos(theta)};
    });
    paint(row, strip, [&](double s, double t) {
      double const collar = 0.57 - 0.16 * bell((s - 0.5) / 0.12);
      Colour const cloth = id_.shirt * (0.95 + 0.05 * lattice_noise(id_.key + 9, 300 * s, 2 * t));
      return Surface{mix(id_.skin * 0.97, cloth, step(collar, collar + 0.04, t)), SurfaceKind::other};
    });
  }

  /// A curtain behind the ears, seen from outside and, darker, from inside.
  void add_long_hair() {
    double const end = id_.eye_height + id_.long_hair, top = -0.085;
    for (double const inside : {0.0, 1.0}) {
      int const row = head_height + (inside > 0 ? 3 : 2) * strip;
      add_patch(48, 24, row, strip, false, [&](double s, double t) {
        double const u = inside > 0 ? 1 - s : s, turn = (78 + 204 * u) * std::numbers::pi / 180, y = top + (end - top) * t;
        double const above = std::clamp((head_middle_y - y) / id_.up, 0.0, 1.0), dome = std::sqrt(1 - above * above);
        double const edge = step(0, 0.10, std::min(u, 1 - u));
        double const wave = 0.0010 * std::sin(40 * u + 9 * t) * edge;
        double const extra = (0.003 + 0.5 * id_.hair_volume) * edge + 0.002 + wave - 0.003 * inside - 0.012 * step(0.75, 1.0, t) * edge;
        double const rx = (id_.half_width + extra) * dome, rz = (std::min(id_.back + 0.7 * extra, 0.0775)) * dome;
        return Vector3{rx * std::sin(turn), y, head_middle_z - rz * std::cos(turn)};
      });
      paint(row, strip, [&](double s, double t) {
        double const strands = 0.18 * lattice_noise(id_.key + 7, s * 140, 2 * t) + 0.12 * lattice_noise(id_.key + 8, s * 50, 3 * t);
        return Surface{id_.hair * ((1 + strands) * (inside > 0 ? 0.45 : 1.0)), SurfaceKind::hair};
      });
    }
  }

  SyntheticIdentity const& id_;
  SyntheticHead head_;
};
}  // namespace synthetic

/// The head of `id`; takes about as long as a dozen pictures of it.
inline SyntheticHead synthetic_head(SyntheticIdentity const& id) { return synthetic::HeadBuilder(id).take(); }
}  // namespace berl::data
