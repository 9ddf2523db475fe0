#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

#include <cmath>    // acos, cos, sin
#include <numbers>  // pi

namespace berl::losses {
/// cos(clamp(theta + m, e, pi - e)) for theta = arccos of g clamped to +-(1 - e); the slope is 0 where either is clamped.
template <class T>
struct ClampedAngle {
  T value, slope;
  BERL_FN ClampedAngle(T g, T m, T e) {
    using std::acos, std::cos, std::sin;
    T const most = 1 - e, pi = static_cast<T>(std::numbers::pi_v<double>);
    T const theta = acos(g < -most ? -most : g > most ? most : g), angle = theta + m;
    bool const inside = g >= -most && g <= most && angle >= e && angle <= pi - e;
    value = cos(angle < e ? e : angle > pi - e ? pi - e : angle);
    slope = inside ? sin(angle) / sin(theta) : T(0);
  }
};

/// ArcFace in the form of kim2022's code: everything is clamped.
///   z_iy = s cos(clamp(theta + m, e, pi - e)), z_ij = s clamp(c_ij, +-(1 - e)), whose angles are within e and pi - e
struct ArcFaceClamped {
  static constexpr char const* name = "arcface-clamped";
  static constexpr Initial initial = Initial::unit;
  double scale = 64;
  double margin = 0.5;
  double edge = 1e-4;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    T const s = static_cast<T>(scale);
    ClampedAngle<T> const a(g, static_cast<T>(margin), static_cast<T>(edge));
    return {s * a.value, s * a.slope, a.value};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T) const {
    T const most = static_cast<T>(1 - edge);
    return static_cast<T>(scale) * (c < -most ? -most : c > most ? most : c);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T, T) const {
    T const most = static_cast<T>(1 - edge);
    return c < -most || c > most ? T(0) : static_cast<T>(scale);
  }
};
static_assert(MarginHead<ArcFaceClamped>);
}  // namespace berl::losses
