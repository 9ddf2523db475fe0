#pragma once
#include <berl/core/config.hpp>         // BERL_FN
#include <berl/losses/margin_head.hpp>  // Target

#include <cmath>    // sqrt, cos, sin
#include <numbers>  // pi

namespace berl::losses {
/// cos(theta + m), exactly and with its true derivative, and continued by a line where theta + m > pi.
///   h = g cos m - sqrt(1 - g^2) sin m;  T = h where g > cos(pi - m), else g - m sin(pi - m)
///   dT/dg = cos m + sin m g / sqrt(1 - g^2), else 1; the root is kept from 0 in the derivative only
template <class T>
struct AngularMargin {
  T h, value, slope;
  BERL_FN AngularMargin(T g, T m) {
    using std::cos, std::sin, std::sqrt;
    T const pi = static_cast<T>(std::numbers::pi_v<double>);
    T const square = 1 - g * g;
    T const sine = square < 0 ? T(0) : sqrt(square);  // NaN stays
    h = g * cos(m) - sine * sin(m);
    bool const within = g > cos(pi - m);
    value = within || g != g ? h : g - m * sin(pi - m);
    slope = within ? cos(m) + sin(m) * g / (sine < T(1e-6) ? T(1e-6) : sine) : T(1);
  }
};

/// ArcFace (deng2019, Eq. 3), in the exact form.
///   z_iy = s T(g), z_ij = s c_ij
/// t is not used.
struct ArcFace {
  double scale = 64;
  double margin = 0.5;

  template <class T>
  BERL_FN constexpr T next(T t, T) const {
    return t;
  }
  template <class T>
  BERL_FN Target<T> target(T g) const {
    AngularMargin<T> const a(g, static_cast<T>(margin));
    T const s = static_cast<T>(scale);
    return {s * a.value, s * a.slope, a.h};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T) const {
    return static_cast<T>(scale) * c;
  }
  template <class T>
  BERL_FN constexpr T slope(T, T, T) const {
    return static_cast<T>(scale);
  }
};
static_assert(MarginHead<ArcFace>);
}  // namespace berl::losses
