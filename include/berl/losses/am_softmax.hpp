#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

namespace berl::losses {
/// AM-Softmax (wang2018am): the margin is taken from the cosine. The form of CosFace, with its own constants and first weights;
/// FaceX-Zoo takes s = 32.
///   z_iy = s (g - m), z_ij = s c_ij
struct AmSoftmax {
  static constexpr char const* name = "am-softmax";
  static constexpr Initial initial = Initial::unit;
  double scale = 30;
  double margin = 0.35;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    T const s = static_cast<T>(scale);
    return {s * (g - static_cast<T>(margin)), s, g};
  }
};
static_assert(MarginHead<AmSoftmax>);
}  // namespace berl::losses
