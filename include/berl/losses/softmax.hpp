#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // Target, Affine

namespace berl::losses {
/// The plain softmax, without any normalisation: z_ij = w_j f_i + b_j.
struct Softmax {
  static constexpr char const* name = "softmax";
  static constexpr char const* number = "bias";
  using similarity = Affine;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    return {g, T(1), T(0)};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T) const {
    return c;
  }
  template <class T>
  BERL_FN constexpr T slope(T, T, T) const {
    return T(1);
  }
};
static_assert(MarginHead<Softmax>);
}  // namespace berl::losses
