#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/random.hpp>  // Random
#include <berl/losses/head.hpp>  // NumberTarget, Penalty

namespace berl::losses {
/// AdaptiveFace (liu2019): each class learns its own margin, and a term of the loss keeps these from vanishing.
///   z_iy = s (g - mu_y), z_ij = s c_ij;  loss + lambda (1 - mean of mu)
///   dmu_j = sum over i of class j of -s dL/dz_iy, - lambda / C;  mu from U(0.3, 0.4), kept in [0, 1]
struct AdaptiveFace {
  static constexpr char const* name = "adaptiveface";
  static constexpr char const* number = "margin";
  static constexpr Initial initial = Initial::unit;
  double scale = 30;
  double penalty = 70;  ///< lambda

  double first_number(Random& random) const { return random.uniform(0.3, 0.4); }
  template <class T>
  BERL_FN constexpr T limited(T mu) const {
    return mu < 0 ? T(0) : mu > 1 ? T(1) : mu;
  }
  BERL_FN constexpr Penalty number_penalty(double mean) const { return {penalty * (1 - mean), -penalty}; }

  template <class T>
  BERL_FN constexpr NumberTarget<T> target(Own<T> const& own, T const*) const {
    T const s = static_cast<T>(scale);
    return {s * (own.g - own.number), s, own.g, -s};
  }
};
static_assert(MarginHead<AdaptiveFace>);
}  // namespace berl::losses
