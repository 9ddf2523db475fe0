#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AngularMargin

#include <cmath>  // exp

namespace berl::losses {
/// ArcNegFace (liu2019neg): other classes count more the nearer they are to the own one with its margin.
///   z_iy = s T(g) of ArcFace;  z_ij = s (r c_ij + r - 1), r = alpha e^(-(c_ij - T)^2 / sigma), a constant of the gradient
struct ArcNegFace {
  static constexpr char const* name = "arcnegface";
  static constexpr Initial initial = Initial::unit;
  double scale = 64;
  double margin = 0.5;
  double hardness = 1.2;  ///< alpha
  double sigma = 2;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    AngularMargin<T> const a(g, static_cast<T>(margin));
    T const s = static_cast<T>(scale);
    return {s * a.value, s * a.slope, a.value};
  }
  template <class T>
  BERL_FN T logit(T c, T own, T) const {
    T const r = factor(c, own);
    return static_cast<T>(scale) * (r * c + r - 1);
  }
  template <class T>
  BERL_FN T slope(T c, T own, T) const {
    return static_cast<T>(scale) * factor(c, own);
  }

 private:
  template <class T>
  BERL_FN T factor(T c, T own) const {
    return static_cast<T>(hardness) * std::exp(-(c - own) * (c - own) / static_cast<T>(sigma));
  }
};
static_assert(MarginHead<ArcNegFace>);
}  // namespace berl::losses
