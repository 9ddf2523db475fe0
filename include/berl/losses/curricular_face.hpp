#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AngularMargin
#include <berl/losses/head.hpp>      // Target

namespace berl::losses {
/// CurricularFace (huang2020, Eqs. 2 to 5; he2022, Eq. 5, which lacks the logarithm): hard negatives count more as training goes on.
///   z_iy = s T(g_i);  z_ij = s c_ij where c_ij <= h_i, else s c_ij (t + c_ij)
///   dz_ij/dc_ij = s, else s (t + 2 c_ij); h, t and which negatives are hard are constants
///   t <- 0.01 (mean of g) + 0.99 t, in training, before it is used
struct CurricularFace {
  static constexpr char const* name = "curricularface";
  double scale = 64;
  double margin = 0.5;
  double momentum = 0.01;

  template <class T>
  BERL_FN constexpr T next(T t, T mean) const {
    return static_cast<T>(momentum) * mean + static_cast<T>(1 - momentum) * t;
  }
  template <class T>
  BERL_FN Target<T> target(T g) const {
    AngularMargin<T> const a(g, static_cast<T>(margin));
    T const s = static_cast<T>(scale);
    return {s * a.value, s * a.slope, a.h};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T h, T t) const {
    return static_cast<T>(scale) * (c > h ? c * (t + c) : c);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T h, T t) const {
    return static_cast<T>(scale) * (c > h ? t + 2 * c : T(1));
  }
};
static_assert(MarginHead<CurricularFace>);
}  // namespace berl::losses
