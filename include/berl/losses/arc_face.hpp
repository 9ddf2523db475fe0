#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

#include <cmath>    // sqrt, cos, sin
#include <numbers>  // pi

namespace berl::losses {
/// cos(theta + m) for theta = arccos g, by the sum of angles, so that it holds for any m.
///   value = g cos m - sqrt(1 - g^2) sin m;  slope = cos m + sin m g / sqrt(1 - g^2); the root is kept from 0 in the slope only
template <class T>
struct AddedAngle {
  T value, slope;
  T by_angle;  // -sin(theta + m), the derivative by m
  BERL_FN AddedAngle(T g, T m) {
    using std::cos, std::sin, std::sqrt;
    T const square = 1 - g * g;
    T const sine = square < 0 ? T(0) : sqrt(square);  // NaN stays
    value = g * cos(m) - sine * sin(m);
    slope = cos(m) + sin(m) * g / (sine < T(1e-6) ? T(1e-6) : sine);
    by_angle = -(sine * cos(m) + g * sin(m));
  }
};

/// cos(theta + m), exactly and with its true derivative, and continued by a line where theta + m > pi.
///   h = cos(theta + m);  T = h where g > cos(pi - m), else g - m sin(pi - m);  dT/dg = dh/dg, else 1
template <class T>
struct AngularMargin {
  T h, value, slope;
  BERL_FN AngularMargin(T g, T m) {
    using std::cos, std::sin;
    T const pi = static_cast<T>(std::numbers::pi_v<double>);
    AddedAngle<T> const added(g, m);
    h = added.value;
    bool const within = g > cos(pi - m);
    value = within || g != g ? h : g - m * sin(pi - m);
    slope = within ? added.slope : T(1);
  }
};

/// ArcFace (deng2019, Eq. 3), in the exact form.
///   z_iy = s T(g), z_ij = s c_ij
struct ArcFace {
  static constexpr char const* name = "arcface";
  double scale = 64;
  double margin = 0.5;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    AngularMargin<T> const a(g, static_cast<T>(margin));
    T const s = static_cast<T>(scale);
    return {s * a.value, s * a.slope, a.h};
  }
};
static_assert(MarginHead<ArcFace>);
}  // namespace berl::losses
