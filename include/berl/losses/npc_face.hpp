#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AddedAngle

namespace berl::losses {
/// NPCFace (zeng2020): the nearer the hard classes of a sample, the larger its margin.
///   hard: c_ij > cos(theta_i + m);  m_i = m0 + m1 (mean of the hard c_ij, 0 if there are none)
///   z_iy = s cos(theta + m_i) where g > 0, else s g;  z_ij = s c_ij, of the hard s (t c_ij + a)
/// m_i and which are hard are constants of the gradient. FaceX-Zoo trains with s = 32, m = 0.35.
struct NpcFace {
  static constexpr char const* name = "npcface";
  static constexpr Initial initial = Initial::unit;
  double scale = 64;
  double margin = 0.5;                             ///< m, which decides what is hard
  double least_margin = 0.40, margin_rise = 0.20;  ///< m0, m1
  double hardness = 1.1, hard_shift = 0.2;         ///< t, a

  template <class T>
  BERL_FN T bound(T g) const {
    return AddedAngle<T>(g, static_cast<T>(margin)).value;
  }
  template <class T>
  BERL_FN constexpr Gathered<T> gather(T c, T h, T) const {
    return {c > h ? c : T(0), c > h ? T(1) : T(0)};
  }
  template <class T>
  BERL_FN Target<T> target(Own<T> const& own, T const*) const {
    T const s = static_cast<T>(scale), mean = own.others.sum / (own.others.count < 1 ? T(1) : own.others.count);
    AddedAngle<T> const a(own.g, static_cast<T>(least_margin) + static_cast<T>(margin_rise) * mean);
    bool const easy = own.g <= 0;
    return {s * (easy ? own.g : a.value), s * (easy ? T(1) : a.slope), bound(own.g)};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T h, T) const {
    return static_cast<T>(scale) * (c > h ? static_cast<T>(hardness) * c + static_cast<T>(hard_shift) : c);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T h, T) const {
    return static_cast<T>(scale) * (c > h ? static_cast<T>(hardness) : T(1));
  }
};
static_assert(MarginHead<NpcFace>);
}  // namespace berl::losses
