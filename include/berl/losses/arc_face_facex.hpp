#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AngularMargin

namespace berl::losses {
/// ArcFace in FaceX-Zoo's form, which differs from ArcFace beyond theta + m = pi alone, and in its constants and first weights.
///   z_iy = s cos(theta + m) where g > cos(pi - m), else s (g - m_am);  z_ij = s c_ij
struct ArcFaceFacex {
  static constexpr char const* name = "arcface-facex";
  static constexpr Initial initial = Initial::unit;
  double scale = 32;
  double margin = 0.35;
  double cosine_margin = 0;  ///< m_am

  template <class T>
  BERL_FN Target<T> target(T g) const {
    T const s = static_cast<T>(scale), m = static_cast<T>(margin);
    AddedAngle<T> const a(g, m);
    bool const beyond = g <= std::cos(static_cast<T>(std::numbers::pi_v<double>) - m);
    return {s * (beyond ? g - static_cast<T>(cosine_margin) : a.value), s * (beyond ? T(1) : a.slope), a.value};
  }
};
static_assert(MarginHead<ArcFaceFacex>);
}  // namespace berl::losses
