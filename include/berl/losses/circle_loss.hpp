#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

namespace berl::losses {
/// CircleLoss (sun2020) with class weights: the farther a cosine is from where it should be, the more it counts.
///   z_iy = s a (g - (1 - m)), a = max(0, 1 + m - g);  z_ij = s b (c_ij - m), b = max(0, c_ij + m)
/// a and b are constants of the gradient.
struct CircleLoss {
  static constexpr char const* name = "circleloss";
  static constexpr Initial initial = Initial::unit;
  double scale = 256;  ///< gamma
  double margin = 0.25;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    T const m = static_cast<T>(margin), a = 1 + m - g, slope = static_cast<T>(scale) * (a < 0 ? T(0) : a);
    return {slope * (g - (1 - m)), slope, g};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T bound, T t) const {
    return slope(c, bound, t) * (c - static_cast<T>(margin));
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T, T) const {
    T const b = c + static_cast<T>(margin);
    return static_cast<T>(scale) * (b < 0 ? T(0) : b);
  }
};
static_assert(MarginHead<CircleLoss>);
}  // namespace berl::losses
