#pragma once
#include <berl/data/synthetic_head.hpp>  // SyntheticHead

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>  // pi
#include <vector>

namespace berl::data {
/// How the head stands: P' = R (P - c) + c + t, R = Rz Ry Rx, c = (0, 0, 1).
///   units  radians; lengths in distances from the camera
struct HeadPose {
  double rx = 0, ry = 0, rz = 0, tx = 0, ty = 0, tz = 0;
  friend constexpr bool operator==(HeadPose const&, HeadPose const&) = default;
};

namespace synthetic {
struct Movement {
  std::array<double, 9> r;
  Vector3 t;

  explicit Movement(HeadPose const& pose) : t{pose.tx, pose.ty, pose.tz} {
    double const cx = std::cos(pose.rx), sx = std::sin(pose.rx), cy = std::cos(pose.ry), sy = std::sin(pose.ry), cz = std::cos(pose.rz),
                 sz = std::sin(pose.rz);
    r = {cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx, sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx, -sy, cy * sx,
         cy * cx};
  }
  Vector3 turn(Vector3 p) const {
    return {r[0] * p.x + r[1] * p.y + r[2] * p.z, r[3] * p.x + r[4] * p.y + r[5] * p.z, r[6] * p.x + r[7] * p.y + r[8] * p.z};
  }
  Vector3 move(Vector3 p) const { return turn(p - Vector3{0, 0, 1}) + Vector3{0, 0, 1} + t; }
};

/// Focal length in samples where `size` samples span the rectangle that 64 pixels span, ten degrees between the centres of
/// the first and the last of these; the middle is at (size - 1) / 2.
inline double raster_focal(int size) { return size / 64.0 * 31.5 / std::tan(5 * std::numbers::pi / 180); }

/// Which triangle is seen at each sample of a square raster, and where in it.
struct Seen {
  static constexpr std::uint32_t nothing = std::numeric_limits<std::uint32_t>::max();
  int size = 0;
  std::vector<float> inverse_depth, b, c;  ///< weights of the second and third corner
  std::vector<std::uint32_t> triangle;
};

struct Projected {
  float u, v, inverse_depth;
};

/// Depth buffer over triangles that face the camera. A sample on an edge belongs to both neighbours; the slack closes the cracks
/// that rounding would open between them.
inline void look(SyntheticHead const& head, HeadPose const& pose, int size, std::vector<Projected>& corners, Seen& seen) {
  auto const count = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  seen.size = size;
  seen.inverse_depth.assign(count, 0.0f), seen.triangle.assign(count, Seen::nothing);
  seen.b.resize(count), seen.c.resize(count);
  Movement const movement(pose);
  double const f = raster_focal(size), middle = (size - 1) / 2.0;
  corners.resize(head.vertices.size());
  for (std::size_t i = 0; i < corners.size(); ++i) {
    auto const& p = head.vertices[i];
    Vector3 const q = movement.move({p.x, p.y, p.z});
    double const inverse = 1 / q.z;
    corners[i] = {static_cast<float>(f * q.x * inverse + middle), static_cast<float>(f * q.y * inverse + middle),
                  static_cast<float>(inverse)};
  }
  constexpr float slack = 1e-4f;
  auto const last = static_cast<float>(size - 1);
  for (std::uint32_t k = 0; k < head.triangles.size(); ++k) {
    auto const [ia, ib, ic] = head.triangles[k];
    Projected const A = corners[ia], B = corners[ib], C = corners[ic];
    float const bu = B.u - A.u, bv = B.v - A.v, cu = C.u - A.u, cv = C.v - A.v, area = bu * cv - bv * cu;
    if (!(area > 1e-9f)) continue;
    float const u0 = std::ceil(std::max(std::min({A.u, B.u, C.u}), 0.0f)), u1 = std::min(std::max({A.u, B.u, C.u}), last);
    float const v0 = std::ceil(std::max(std::min({A.v, B.v, C.v}), 0.0f)), v1 = std::min(std::max({A.v, B.v, C.v}), last);
    if (u0 > u1 || v0 > v1) continue;
    float const scale = 1 / area, db = B.inverse_depth - A.inverse_depth, dc = C.inverse_depth - A.inverse_depth;
    for (float v = v0; v <= v1; ++v)
      for (float u = u0; u <= u1; ++u) {
        float const pu = u - A.u, pv = v - A.v, b = (pu * cv - pv * cu) * scale, c = (bu * pv - bv * pu) * scale;
        if (b < -slack || c < -slack || b + c > 1 + slack) continue;
        float const inverse = A.inverse_depth + b * db + c * dc;
        auto const at = static_cast<std::size_t>(v) * static_cast<std::size_t>(size) + static_cast<std::size_t>(u);
        if (inverse > seen.inverse_depth[at]) seen.inverse_depth[at] = inverse, seen.triangle[at] = k, seen.b[at] = b, seen.c[at] = c;
      }
  }
}

struct TexelSample {
  float r, g, b;  ///< of 255
  SurfaceKind kind;
};

/// Bilinear in colour, the nearest texel's kind.
inline TexelSample texel(SyntheticHead const& head, float s, float t) {
  int const i = std::clamp(static_cast<int>(s), 0, head.texture_width - 2), j = std::clamp(static_cast<int>(t), 0, head.texture_height - 2);
  float const fs = s - static_cast<float>(i), ft = t - static_cast<float>(j);
  auto const pitch = std::size_t{4} * static_cast<std::size_t>(head.texture_width);
  std::uint8_t const* p = &head.texture[static_cast<std::size_t>(j) * pitch + std::size_t{4} * static_cast<std::size_t>(i)];
  std::uint8_t const* q = p + pitch;
  auto const blend = [&](int k) {
    float const top = static_cast<float>(p[k]) + fs * static_cast<float>(p[k + 4] - p[k]);
    float const bottom = static_cast<float>(q[k]) + fs * static_cast<float>(q[k + 4] - q[k]);
    return top + ft * (bottom - top);
  };
  return {blend(0), blend(1), blend(2), static_cast<SurfaceKind>((ft < 0.5f ? p : q)[fs < 0.5f ? 3 : 7])};
}

/// The corners' values blended at a sample, to first order: triangles are so small that perspective moves it by less than 1e-3 of one.
struct Blend {
  SyntheticHead::Vertex const &A, &B, &C;
  float a, b, c;

  Blend(SyntheticHead const& head, Seen const& seen, std::size_t at)
      : A(head.vertices[head.triangles[seen.triangle[at]][0]]),
        B(head.vertices[head.triangles[seen.triangle[at]][1]]),
        C(head.vertices[head.triangles[seen.triangle[at]][2]]),
        a(1 - seen.b[at] - seen.c[at]),
        b(seen.b[at]),
        c(seen.c[at]) {}
  float operator()(float SyntheticHead::Vertex::*what) const { return a * A.*what + b * B.*what + c * C.*what; }
  Vector3 normal() const {
    using V = SyntheticHead::Vertex;
    Vector3 const n{(*this)(&V::nx), (*this)(&V::ny), (*this)(&V::nz)};
    return n * (1 / std::sqrt(n.x * n.x + n.y * n.y + n.z * n.z));
  }
};
}  // namespace synthetic
}  // namespace berl::data
