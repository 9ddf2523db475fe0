#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/error.hpp>   // Error
#include <berl/losses/head.hpp>  // Target, Gathered

#include <cmath>    // exp, log, acos, cos
#include <numbers>  // pi, sqrt2
#include <string>

namespace berl::losses {
/// AdaCos (zhang2019): no margin, and a scale that follows the training.
///   z_ij = s c_ij;  s from sqrt(2) ln(C - 1)
///   s <- ln B / cos(min(pi/4, median of the own angles)), B = mean over i of the sum over j != y_i of e^(s c_ij), in training,
///   before s is used; the median is the lower of the two in the middle
struct AdaCos {
  static constexpr char const* name = "adacos";
  static constexpr char const* state[] = {"scale"};
  static constexpr Initial initial = Initial::xavier;

  template <class T>
  void begin(T* scale, int identities) const {
    if (identities < 3)
      throw Error("berl::losses::AdaCos", std::to_string(identities) + " identities", "at least 3, for a scale above 0",
                  "Use another head, or more people.");
    scale[0] = static_cast<T>(std::numbers::sqrt2 * std::log(identities - 1.0));
  }
  template <class T>
  BERL_FN constexpr T bound(T g) const {
    return g;
  }
  template <class T>
  BERL_FN Gathered<T> gather(T c, T, T s) const {
    return {std::exp(s * c), T(1)};
  }
  template <class T>
  BERL_FN void renew(T* scale, auto const& batch) const {
    constexpr double most = 1 - 1e-7, quarter = std::numbers::pi / 4;
    double const mean = batch.sum([&](int i) { return static_cast<double>(batch.gathered[i]) / batch.size; });
    double const g = batch.median(), angle = std::acos(g < -most ? -most : g > most ? most : g);
    scale[0] = static_cast<T>(std::log(mean) / std::cos(angle < quarter ? angle : quarter));
  }

  template <class T>
  BERL_FN constexpr Target<T> target(Own<T> const& own, T const* scale) const {
    return {scale[0] * own.g, scale[0], own.g};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T s) const {
    return s * c;
  }
  template <class T>
  BERL_FN constexpr T slope(T, T, T s) const {
    return s;
  }
};
static_assert(MarginHead<AdaCos>);

/// AdaCos whose scale stays where it began.
struct AdaCosFixed {
  static constexpr char const* name = "adacos-fixed";
  static constexpr char const* state[] = {"scale"};
  static constexpr Initial initial = Initial::xavier;

  template <class T>
  void begin(T* scale, int identities) const {
    AdaCos{}.begin(scale, identities);
  }
  template <class T>
  BERL_FN constexpr Target<T> target(Own<T> const& own, T const* scale) const {
    return AdaCos{}.target(own, scale);
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T s) const {
    return s * c;
  }
  template <class T>
  BERL_FN constexpr T slope(T, T, T s) const {
    return s;
  }
};
static_assert(MarginHead<AdaCosFixed>);
}  // namespace berl::losses
