#pragma once
#include <berl/data/synthetic_shape.hpp>  // hair_limit, synthetic::bell, synthetic::step

#include <cmath>  // floor, abs, sqrt
#include <cstdint>

namespace berl::data {
/// What a surface shows. The face reaches from the hairline to below the chin, without ears and neck.
enum class SurfaceKind : std::uint8_t { background = 0, face = 1, other = 2, hair = 3 };

struct Surface {
  Colour albedo;
  SurfaceKind kind = SurfaceKind::face;
};

namespace synthetic {
/// Smooth noise in [-1, 1]: random values on the whole numbers, blended between them.
inline double lattice_noise(std::uint64_t key, double x, double y) {
  double const fx = std::floor(x), fy = std::floor(y);
  auto const ix = static_cast<std::int64_t>(fx), iy = static_cast<std::int64_t>(fy);
  auto const at = [&](std::int64_t i, std::int64_t j) {
    std::uint64_t const cell = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u ^ static_cast<std::uint64_t>(j) * 0xc2b2ae3d27d4eb4fu;
    return static_cast<double>(berl::detail::mix(key ^ cell) >> 40) * (2.0 / 16777216.0) - 1.0;
  };
  double const sx = step(0, 1, x - fx), sy = step(0, 1, y - fy);
  double const top = at(ix, iy) + (at(ix + 1, iy) - at(ix, iy)) * sx;
  double const bottom = at(ix, iy + 1) + (at(ix + 1, iy + 1) - at(ix, iy + 1)) * sx;
  return top + (bottom - top) * sy;
}

/// Skin with its flush, mottling, beard, spots and lines, before eyes, brows and lips are painted.
inline Colour paint_skin(SyntheticIdentity const& id, double x, double y) {
  double const side = std::abs(x), tip = id.eye_height - 0.004 + id.nose_length, lip = id.mouth_height;
  Colour c = id.skin;
  double const mottle = lattice_noise(id.key, x * 90, y * 90) + 0.6 * lattice_noise(id.key + 1, x * 260, y * 260);
  c = c * (1 + id.mottle * mottle);
  double const flush =
      0.10 * id.flush * (bell((side - 0.038) / 0.014) * bell((y - 0.022) / 0.014) + bell(x / 0.009) * bell((y - tip) / 0.007)) +
      0.05 * bell((side - 0.066) / 0.01);
  c = c * Colour{1 + 0.2 * flush, 1 - 1.3 * flush, 1 - 1.2 * flush};
  double const under = bell((side - id.eye_distance + 0.002) / 0.011) * bell((y - id.eye_height - 0.0100) / 0.0036);
  double const inner = bell((side - id.eye_distance + 0.013) / 0.006) * bell((y - id.eye_height + 0.002) / 0.007);
  c = c * (1 - 0.30 * id.eye_shadow * under - 0.14 * inner);
  double const fold_x = 0.0155 + 0.30 * (y - tip);
  double const fold = bell((side - fold_x) / 0.0016) * step(tip - 0.002, tip + 0.004, y) * step(lip + 0.004, lip - 0.006, y);
  double const lines = bell((y + 0.040 + 6 * x * x) / 0.0008) + bell((y + 0.048 + 5 * x * x) / 0.0008);
  double const frown = bell((side - 0.0045) / 0.0009) * bell((y - id.eye_height + 0.016) / 0.005);
  c = c * (1 - id.wrinkles * (0.16 * fold + 0.12 * lines * bell(x / 0.022) + 0.12 * frown) - 0.05 * fold);
  // The shadow of a beard: chin, jaw and upper lip, up to the sideburns.
  double const jaw = step(0.030 + 0.010 * bell(x / 0.02), 0.046, y + 0.35 * std::max(side - 0.040, 0.0));
  double const bare = bell(x / (0.8 * id.mouth_width)) * bell((y - lip) / 0.007);
  double const upper = bell(x / (0.9 * id.mouth_width)) * bell((y - (tip + lip) / 2 - 0.0025) / 0.0042);
  double const hairs = 0.75 + 0.25 * lattice_noise(id.key + 2, x * 1100, y * 500);
  double const grown = std::max(id.beard * jaw * (1 - bare), id.moustache * std::min(1.2 * upper, 1.0));
  c = mix(c, c * Colour{0.62, 0.64, 0.70}, id.stubble * std::max(jaw * (1 - bare), upper));
  c = mix(c, id.hair * 0.9, std::clamp(grown * hairs, 0.0, 1.0));
  for (std::size_t i = 0; i < id.spot_count; ++i) {
    Spot const& s = id.spots[i];
    double const dx = (x - s.x) / s.radius, dy = (y - s.y) / s.radius, d = dx * dx + dy * dy;
    if (d < 2.0) c = c * mix(Colour{1, 1, 1}, Colour{0.62, 0.42, 0.36}, s.darkness * step(2.0, 0.6, d));
  }
  return c;
}

inline Colour paint_mouth(SyntheticIdentity const& id, Colour c, double x, double y) {
  double const t = x / id.mouth_width;
  if (t * t > 1.3) return c;
  double const line = id.mouth_height + id.mouth_slant * (x > 0 ? 1 : -1) * std::min(std::abs(t), 1.0) - id.mouth_curve * (t * t - 0.3);
  double const taper = std::max(1 - t * t, 0.0);
  double const bow = 1 - 0.28 * bell(t / 0.12) + 0.05 * bell((std::abs(t) - 0.24) / 0.14);
  double const upper = (id.upper_lip + 0.0012) * std::pow(taper, 0.75) * bow, lower = (id.lower_lip + 0.0014) * std::sqrt(taper);
  double const d = y - line;
  double const soft = 0.0008;
  double const inside = d < 0 ? step(-upper - soft, -upper + soft, d) : step(lower + soft, lower - soft, d);
  double const grain = 1 + 0.06 * lattice_noise(id.key + 3, x * 900, y * 150);
  c = mix(c, id.lips * (d < 0 ? 0.86 : 1.0) * grain, inside * step(0.0, 0.12, taper));
  double const parting = bell(d / 0.0008) * step(1.15, 0.85, std::abs(t));
  return mix(c, id.lips * Colour{0.35, 0.28, 0.28}, 0.85 * parting);
}

inline Colour paint_eye(SyntheticIdentity const& id, Colour c, double x, double y) {
  double const u = std::abs(x) - id.eye_distance;  // from the nose outwards
  double const t = u / id.eye_width;
  double const v = y - id.eye_height + id.eye_slant * t;
  if (t * t > 2.2 || std::abs(v) > 0.016) return c;
  double const arch = std::max(1 - t * t, 0.0);
  double const top = -id.eye_open * std::pow(arch, 0.62) * (1 - 0.10 * t),
               bottom = 0.62 * id.eye_open * std::pow(arch, 0.8) * (1 + 0.12 * t);
  double const lid = step(-1.15, -0.6, t) * step(1.15, 0.7, t);
  double const crease = -id.eye_open * 1.55 * std::sqrt(std::max(1 - 0.7 * t * t, 0.0)) - 0.0006;
  c = c * (1 - 0.28 * lid * bell((v - crease) / 0.0008));
  if (v < top && v > crease) c = c * (1 - 0.10 * lid);
  double const soft = 0.0005;
  double const open = step(top - soft, top + soft, v) * step(bottom + soft, bottom - soft, v) * (t * t < 1 ? 1.0 : 0.0);
  Colour white = mix(Colour{0.86, 0.83, 0.80}, id.skin, 0.12 + 0.25 * t * t);
  white = white * (1 - 0.30 * bell((v - top) / 0.0016));  // the lid's shade
  double const r = std::sqrt(u * u + (v + 0.0006) * (v + 0.0006)) / 0.0058;
  Colour iris = id.iris * (0.75 + 0.5 * step(0.3, 0.95, r) - 0.55 * step(0.80, 1.05, r));
  iris = mix(iris, Colour{0.02, 0.02, 0.02}, step(0.48, 0.36, r));
  Colour ball = mix(white, iris, step(1.06, 0.94, r));
  double const gx = (u + 0.0018 * (x > 0 ? 1 : -1)) / 0.0009, gy = (v + 0.0022) / 0.0009;
  ball = mix(ball, Colour{0.95, 0.95, 0.95}, 0.8 * step(1.4, 0.5, gx * gx + gy * gy));
  c = mix(c, ball, open);
  Colour const lash = mix(id.brows, Colour{0.03, 0.02, 0.02}, 0.6);
  c = mix(c, lash, 0.85 * bell((v - top + 0.0002) / (0.0006 + 0.00025 * (1 + t))) * step(1.2, 0.9, std::abs(t)));
  return mix(c, lash, 0.30 * bell((v - bottom - 0.0002) / 0.0005) * step(1.1, 0.8, std::abs(t)));
}

inline Colour paint_brow(SyntheticIdentity const& id, Colour c, double x, double y) {
  double const u = std::abs(x) - id.eye_distance + 0.0005, t = u / id.brow_length;
  if (t * t > 1.4) return c;
  double const middle = id.eye_height - id.brow_distance - id.brow_arch * (1 - (t - 0.25) * (t - 0.25)) + id.brow_tilt * t;
  double const thick =
      id.brow_thickness * (1 - 0.35 * std::max(t, 0.0) - 0.20 * std::max(-t - 0.5, 0.0)) * std::sqrt(step(1.12, 0.55, std::abs(t)));
  double const strokes = 0.80 + 0.20 * lattice_noise(id.key + 4, (x * (x > 0 ? 1 : -1) + 0.5 * y) * 900, y * 300);
  double const cover = step(1.5, 0.4, std::abs(y - middle) / std::max(thick, 1e-5)) * strokes;
  return mix(c, id.brows, id.brow_strength * cover * step(1.15, 0.9, std::abs(t)));
}
}  // namespace synthetic

/// The head's albedo where the base of the head has the frontal coordinates (x, y), at longitude theta and colatitude phi.
/// units   albedo in [0, 1], a linear factor of the light
inline Surface head_surface(SyntheticIdentity const& id, double x, double y, double theta, double phi) {
  using synthetic::lattice_noise, synthetic::step;
  double const side = std::abs(theta) * 180 / std::numbers::pi;
  double const fray = 0.0016 * lattice_noise(id.key + 5, theta * 40, y * 40) + 0.0012 * lattice_noise(id.key + 6, theta * 110, y * 60);
  double cover = step(-0.0022, 0.0022, hair_limit(id, theta) - y + fray);
  if (id.bald) cover = 0.35 * id.stubble * step(-0.006, 0.006, hair_limit(id, theta) - y) * (1 - 0.8 * step(-0.035, -0.075, y));
  bool const frontal = side < 84 && std::cos(phi) < 0.92;
  Colour c = id.skin;
  if (cover < 1) {
    c = side < 100 ? synthetic::paint_skin(id, x, y) : id.skin * 0.95;
    if (frontal) {
      double const tip = id.eye_height - 0.004 + id.nose_length, a = (std::abs(x) - 0.0060) / 0.0034,
                   b = (y - tip - 0.0058 + 0.15 * std::abs(x)) / 0.0017;
      c = mix(c, c * Colour{0.22, 0.16, 0.15}, 0.9 * step(1.7, 0.5, a * a + b * b));  // nostrils
      c = synthetic::paint_mouth(id, c, x, y);
      c = synthetic::paint_eye(id, c, x, y);
      c = synthetic::paint_brow(id, c, x, y);
    }
  }
  double const strands = 0.16 * lattice_noise(id.key + 7, theta * 60, phi * 7) + 0.14 * lattice_noise(id.key + 8, theta * 23, phi * 3);
  c = mix(c, id.hair * (1 + strands), cover);
  bool const face = side < 82 && phi < 2.94;
  auto const kind = cover > 0.5 ? SurfaceKind::hair : face ? SurfaceKind::face : SurfaceKind::other;
  return {{std::clamp(c.r, 0.0, 1.0), std::clamp(c.g, 0.0, 1.0), std::clamp(c.b, 0.0, 1.0)}, kind};
}
}  // namespace berl::data
