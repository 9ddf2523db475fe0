#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

#include <cmath>  // acos, cos, sin, sqrt

namespace berl::losses {
/// The combined margin (deng2019, Eq. 4): m1 of SphereFace, m2 of ArcFace, m3 of CosFace. (1, 0.3, 0.2) is InsightFace's choice.
///   z_iy = s (cos(m1 theta + m2) - m3), in the easy form only where g > 0 and else s g;  z_ij = s c_ij
///   dz_iy/dg = s m1 sin(m1 theta + m2) / sin theta; the sine below is kept from 0
struct CombinedMargin {
  enum class Form { whole, easy };
  static constexpr char const* forms[] = {"whole", "easy"};
  static constexpr char const* name = "combined";
  double scale = 64;
  double angle_factor = 1;     ///< m1
  double margin = 0.3;         ///< m2
  double cosine_margin = 0.2;  ///< m3
  Form form = Form::whole;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    using std::acos, std::cos, std::sin, std::sqrt;
    T const s = static_cast<T>(scale), m1 = static_cast<T>(angle_factor);
    if (form == Form::easy && g <= 0) return {s * g, s, g};
    T const angle = m1 * acos(g) + static_cast<T>(margin), sine = sqrt(1 - g * g);
    return {s * (cos(angle) - static_cast<T>(cosine_margin)), s * m1 * sin(angle) / (sine < T(1e-6) ? T(1e-6) : sine), g};
  }
};
static_assert(MarginHead<CombinedMargin>);
}  // namespace berl::losses
