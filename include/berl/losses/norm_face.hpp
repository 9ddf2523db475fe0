#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target

namespace berl::losses {
/// NormFace (wang2017): the softmax of scaled cosines, z_ij = s c_ij, without a margin.
struct NormFace {
  static constexpr char const* name = "normface";
  double scale = 64;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    return {static_cast<T>(scale) * g, static_cast<T>(scale), g};
  }
};
static_assert(MarginHead<NormFace>);
}  // namespace berl::losses
