#pragma once
#include <berl/core/config.hpp>              // BERL_FN
#include <berl/losses/arc_face_clamped.hpp>  // ClampedAngle

namespace berl::losses {
/// AdaFace (kim2022, Eqs. 13 to 16): the length of an embedding stands for the quality of its picture and moves the margin from the
/// cosine to the angle.
///   n = |f| clamped to [0.001, 100], constant;  k = clamp(h (n - mean) / (deviation + e), -1, 1)
///   z_iy = s (cos(clamp(theta - m k, e, pi - e)) - m (1 + k)), z_ij = s c_ij, all cosines clamped to +-(1 - e)
///   mean <- a (mean of n) + (1 - a) mean, from 20; the unbiased deviation likewise, from 100; in training, before they are used
/// A batch of one has no deviation.
struct AdaFace {
  static constexpr char const* name = "adaface";
  static constexpr char const* state[] = {"batch_mean", "batch_std"};
  static constexpr Initial initial = Initial::unit;
  static constexpr int least_batch = 2;
  double scale = 64;
  double margin = 0.4;
  double concentration = 0.333;  ///< h
  double momentum = 0.01;        ///< a
  double edge = 1e-3;            ///< e

  template <class T>
  void begin(T* kept, int) const {
    kept[0] = T(20), kept[1] = T(100);
  }
  template <class T>
  BERL_FN void renew(T* kept, auto const& batch) const {
    auto const length = [&](int i) { return static_cast<double>(clamped(1 / batch.inverse_norm[i])); };
    double const mean = batch.sum(length) / batch.size;
    double const squares = batch.sum([&](int i) { return (length(i) - mean) * (length(i) - mean); });
    double const now[] = {mean, std::sqrt(squares / (batch.size - 1))};
    for (int k = 0; k < 2; ++k) kept[k] = static_cast<T>(momentum) * static_cast<T>(now[k]) + static_cast<T>(1 - momentum) * kept[k];
  }
  template <class T>
  BERL_FN Target<T> target(Own<T> const& own, T const* kept) const {
    T const s = static_cast<T>(scale), m = static_cast<T>(margin), e = static_cast<T>(edge);
    T const raw = static_cast<T>(concentration) * (clamped(own.norm) - kept[0]) / (kept[1] + e);
    T const k = raw < T(-1) ? T(-1) : raw > T(1) ? T(1) : raw;
    ClampedAngle<T> const a(own.g, -m * k, e);
    return {s * (a.value - (m + m * k)), s * a.slope, own.g};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T, T) const {
    T const most = static_cast<T>(1 - edge);
    return static_cast<T>(scale) * (c < -most ? -most : c > most ? most : c);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T, T) const {
    T const most = static_cast<T>(1 - edge);
    return c < -most || c > most ? T(0) : static_cast<T>(scale);
  }

 private:
  template <class T>
  BERL_FN static constexpr T clamped(T norm) {
    return norm < T(0.001) ? T(0.001) : norm > T(100) ? T(100) : norm;
  }
};
static_assert(MarginHead<AdaFace>);
}  // namespace berl::losses
