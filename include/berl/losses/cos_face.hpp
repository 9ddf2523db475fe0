#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

namespace berl::losses {
/// CosFace (wang2018, Eq. 4): the margin is taken from the cosine. InsightFace's code takes m = 0.40.
///   z_iy = s (g - m), z_ij = s c_ij; all cosines first clamped to +-(1 - edge), with no gradient beyond (kim2022's code: edge = 1e-4)
struct CosFace {
  static constexpr char const* name = "cosface";
  double scale = 64;
  double margin = 0.35;
  double edge = 0;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    T const m = static_cast<T>(scale) * static_cast<T>(margin);
    return {logit(g, g, g) - m, slope(g, g, g), g};
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
static_assert(MarginHead<CosFace>);
}  // namespace berl::losses
