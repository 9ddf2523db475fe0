#pragma once
#include <berl/data/synthetic_identity.hpp>  // SyntheticIdentity

#include <cmath>    // exp, pow, sin, cos
#include <numbers>  // pi

namespace berl::data {
struct Vector3 {
  double x = 0, y = 0, z = 0;
  friend constexpr Vector3 operator+(Vector3 a, Vector3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend constexpr Vector3 operator-(Vector3 a, Vector3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend constexpr Vector3 operator*(Vector3 a, double k) { return {a.x * k, a.y * k, a.z * k}; }
};

namespace synthetic {
inline double bell(double t) { return t * t > 40 ? 0.0 : std::exp(-0.5 * t * t); }  // exp(-20) is nothing in any unit used here
inline double step(double lo, double hi, double t) {
  double const s = std::clamp((t - lo) / (hi - lo), 0.0, 1.0);
  return s * s * (3 - 2 * s);
}
inline constexpr double head_middle_y = -0.020, head_middle_z = 1.020;
/// Horizontal radius of the nose's relief, from its root to below its tip: how far it stands out at height y.
inline double nose_profile(SyntheticIdentity const& id, double y) {
  double const root = id.eye_height - 0.004, tip = root + id.nose_length;
  double const t = (y - root) / id.nose_length;
  if (t > 1) return id.nose_height * bell((y - tip) / 0.0038);
  double const ramp = step(-0.35, 0.25, t);
  double const s = std::max(t, 0.0);
  return ramp * (id.nose_root * (1 - s) + id.nose_height * s * (0.55 + 0.45 * s)) + id.nose_hump * bell((t - 0.4) / 0.16);
}
}  // namespace synthetic

/// A point of the head without relief, at longitude theta (0 before, pi/2 to the right) and colatitude phi (0 at the crown).
inline Vector3 head_base(SyntheticIdentity const& id, double theta, double phi) {
  double const s = std::max(std::sin(phi), 0.0), c = std::cos(phi);
  bool const lower = c < 0;
  double const before = (1 + std::cos(theta)) / 2;
  double const px = lower ? id.jaw_power : 0.80;
  double const pz = (lower ? 0.8 + (id.profile_power - 0.8) * before * before : 0.8 - 0.15 * before);
  double const x = id.half_width * std::pow(s, px) * std::sin(theta);
  double const z = synthetic::head_middle_z - (std::cos(theta) > 0 ? id.front : id.back) * std::pow(s, pz) * std::cos(theta);
  return {x, synthetic::head_middle_y - (lower ? id.down : id.up) * c, z};
}

/// How far the face stands out towards the camera over its base, at (x, y) of the frontal plane.
inline double face_relief(SyntheticIdentity const& id, double x, double y) {
  using synthetic::bell, synthetic::step;
  double const side = std::abs(x), lip = id.mouth_height + id.mouth_slant * std::tanh(x / 0.008) -
                                         id.mouth_curve * (x * x / (id.mouth_width * id.mouth_width) - 0.3) * bell(x / 0.03);
  double const eye_y = id.eye_height, eye_x = id.eye_distance;
  double z = 0;
  z += id.forehead * bell(x / 0.030) * bell((y + 0.050) / 0.018);
  z -= id.temple * bell((side - 0.058) / 0.012) * bell((y + 0.030) / 0.020);
  z += id.brow_ridge * bell((side - 0.024) / 0.017) * bell((y - eye_y + 0.0165) / 0.0060);
  z += 0.5 * id.brow_ridge * bell(x / 0.012) * bell((y - eye_y + 0.017) / 0.007);  // glabella
  z -= id.socket * bell((side - eye_x + 0.002) / 0.0145) * bell((y - eye_y) / 0.0095);
  z += id.eyeball * bell((side - eye_x) / 0.0082) * bell((y - eye_y) / 0.0055);
  z -= 0.0012 * bell((side - eye_x) / 0.011) * bell((y - eye_y + 0.0095) / 0.0022);  // fold of the upper lid
  z -= 0.0008 * (0.5 + id.wrinkles) * bell((side - eye_x) / 0.009) * bell((y - eye_y - 0.0085) / 0.0022);
  z += id.cheekbone * bell((side - 0.044) / 0.015) * bell((y - id.cheek_height) / 0.012);
  z += id.cheek * bell((side - 0.040) / 0.017) * bell((y - 0.045) / 0.017);
  double const tip = eye_y - 0.004 + id.nose_length;
  double const along = std::clamp((y - eye_y + 0.004) / id.nose_length, 0.0, 1.2);
  double const width = id.nose_bridge + (id.nose_width - id.nose_bridge) * along * along;
  z += synthetic::nose_profile(id, y) * bell((x - id.nose_shift * along) / width);
  z += 0.40 * id.nose_height * bell((side - id.nose_wings) / 0.0040) * bell((y - tip - 0.0015) / 0.0045);
  z -= 0.0022 * bell((side - 0.0062) / 0.0028) * bell((y - tip - 0.0060) / 0.0022);  // nostrils
  z += id.muzzle * bell(x / 0.021) * bell((y - id.mouth_height + 0.002) / 0.0165);
  z -= 0.0012 * bell(x / 0.0026) * bell((y - (tip + lip) / 2) / (0.16 * (lip - tip)));  // philtrum
  double const lip_taper = bell(x / (0.66 * id.mouth_width));
  z += (0.0012 + 0.45 * id.upper_lip) * lip_taper * bell((y - lip + 0.75 * id.upper_lip) / (0.55 * id.upper_lip + 0.0006));
  z += (0.0014 + 0.45 * id.lower_lip) * lip_taper * bell((y - lip - 0.65 * id.lower_lip) / (0.5 * id.lower_lip + 0.0006));
  z -= 0.0030 * bell(x / (0.75 * id.mouth_width)) * bell((y - lip) / 0.0017);
  z -= 0.0018 * bell((side - id.mouth_width) / 0.0035) * bell((y - lip) / 0.0035);             // corners
  double const below = lip + id.lower_lip, chin = synthetic::head_middle_y + id.down - below;  // from the lower lip to the chin's end
  z -= 0.0034 * bell(x / 0.015) * bell((y - below - 0.30 * chin) / (0.16 * chin));
  z += id.chin * bell(x / id.chin_width) * bell((y - below - 0.64 * chin) / (0.36 * chin));
  double const fold_x = 0.0155 + 0.30 * (y - tip);  // from the wing of the nose to the corner of the mouth
  z -= (id.fold + 0.0010 * id.wrinkles) * bell((side - fold_x) / 0.0026) * step(tip - 0.004, tip + 0.004, y) *
       step(lip + 0.006, lip - 0.004, y);
  z += id.asymmetry * (x / 0.04) * std::cos(40 * y);
  return z;
}

/// Height down to which hair grows at longitude theta.
inline double hair_limit(SyntheticIdentity const& id, double theta) {
  using synthetic::bell, synthetic::step;
  double const t = std::abs(theta) * 180 / std::numbers::pi;
  double const front =
      id.hairline + id.widow_peak * bell(t / 7) - id.recession * (0.35 + bell((t - 30) / 13)) - 0.003 * bell((t - 36) / 10);
  double const beside = front + (id.sideburn - front) * step(50, 72, t);
  return beside + (0.055 - beside) * step(92, 110, t);
}

/// A point of the head with all its relief and, where hair grows, the hair's volume.
inline Vector3 head_point(SyntheticIdentity const& id, double theta, double phi) {
  Vector3 p = head_base(id, theta, phi);
  double const before = synthetic::step(0.02, 0.45, std::cos(theta));
  double const x = p.x, y = p.y;
  if (before > 0) p.z -= before * face_relief(id, x, y);
  double const side = std::abs(theta) * 180 / std::numbers::pi;
  p.x += std::sin(theta) * id.jaw_width * synthetic::bell((side - 75) / 28) * synthetic::bell((y - 0.050) / 0.022);
  if (!id.bald) {
    double const limit = hair_limit(id, theta);
    double const volume = (0.0015 + id.hair_volume * synthetic::step(0.03, -0.09, y)) * synthetic::step(limit + 0.001, limit - 0.016, y);
    Vector3 const out{x, y - synthetic::head_middle_y, p.z - synthetic::head_middle_z};
    p = p + out * (volume / std::sqrt(out.x * out.x + out.y * out.y + out.z * out.z));
  }
  return p;
}
}  // namespace berl::data
