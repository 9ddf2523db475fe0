#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AddedAngle

namespace berl::losses {
/// ArcFace in the form of InsightFace's PyTorch code: the margin is put on outside of what is differentiated, so that the gradient
/// passes straight through it, and nothing is done about theta + m > pi.
///   z_iy = s cos(theta + m), z_ij = s c_ij;  dz/dc = s for all
struct ArcFaceStraight {
  static constexpr char const* name = "arcface-straight";
  double scale = 64;
  double margin = 0.5;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    T const s = static_cast<T>(scale);
    return {s * AddedAngle<T>(g, static_cast<T>(margin)).value, s, g};
  }
};
static_assert(MarginHead<ArcFaceStraight>);
}  // namespace berl::losses
