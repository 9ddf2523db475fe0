#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // NormTarget

#include <cmath>    // acos, cos, sin, floor
#include <numbers>  // pi

namespace berl::losses {
/// psi(theta) = (-1)^k cos(m theta) - 2k with k = floor(m theta / pi), which falls all the way from 0 to pi, and its derivative by g.
template <class T>
struct MultipliedAngle {
  T value, slope;
  BERL_FN MultipliedAngle(T g, T m) {
    using std::acos, std::cos, std::floor, std::sin, std::sqrt;
    T const theta = acos(g), k = floor(m * theta / static_cast<T>(std::numbers::pi_v<double>));
    T const sign = k - 2 * floor(k / 2) > 0 ? T(-1) : T(1), sine = sqrt(1 - g * g);
    value = sign * cos(m * theta) - 2 * k;
    slope = sign * m * (sine < T(1e-6) ? m * cos(m * theta) / g : sin(m * theta) / sine);  // the limit at +-1, for whole m
  }
};

/// SphereFace (liu2017): the angle is multiplied, the embedding keeps its length, and the margin sets in slowly.
///   z_iy = |f| (g + (psi - g) / (1 + lambda)), z_ij = |f| c_ij;  with `scale` in place of |f| where that is given
///   lambda = max(least_lambda, first_lambda / (1 + 0.1 it)), it from 1, counted in training
struct SphereFace {
  static constexpr char const* name = "sphereface";
  static constexpr char const* state[] = {"it"};
  static constexpr Initial initial = Initial::unit;
  double scale = 0;   ///< 0: the embedding's length
  double margin = 4;  ///< m, a factor
  double least_lambda = 5, first_lambda = 1500;

  template <class T>
  BERL_FN constexpr void renew(T* it, auto const&) const {
    it[0] += 1;
  }
  template <class T>
  BERL_FN NormTarget<T> target(Own<T> const& own, T const* it) const {
    double const now = first_lambda / (1 + 0.1 * static_cast<double>(it[0]));
    T const part = static_cast<T>(1 / (1 + (now < least_lambda ? least_lambda : now)));
    MultipliedAngle<T> const psi(own.g, static_cast<T>(margin));
    T const length = scale > 0 ? static_cast<T>(scale) : own.norm;
    T const value = own.g + part * (psi.value - own.g);
    return {length * value, length * (1 + part * (psi.slope - 1)), length, scale > 0 ? T(0) : value};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T length, T) const {
    return length * c;
  }
  template <class T>
  BERL_FN constexpr T slope(T, T length, T) const {
    return length;
  }
  template <class T>
  BERL_FN constexpr T norm_slope(T c, T, T) const {
    return scale > 0 ? T(0) : c;
  }
};
static_assert(MarginHead<SphereFace>);

/// SphereFace in OpenSphere's form (liu2022): a fixed scale, m = 1.5 at once, and a gradient that passes straight through the margin.
///   z_iy = s psi, z_ij = s c_ij;  dz/dc = s for all
struct SphereFaceStraight {
  static constexpr char const* name = "sphereface-straight";
  static constexpr Initial initial = Initial::unit;
  double scale = 30;
  double margin = 1.5;  ///< m, a factor

  template <class T>
  BERL_FN Target<T> target(T g) const {
    T const s = static_cast<T>(scale);
    return {s * MultipliedAngle<T>(g, static_cast<T>(margin)).value, s, g};
  }
};
static_assert(MarginHead<SphereFaceStraight>);
}  // namespace berl::losses
