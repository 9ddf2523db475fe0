#pragma once
#include <berl/core/config.hpp>  // BERL_FN

namespace berl {
/// Sums of floats do not vectorise by themselves, since the order would change; so the order is part of the source: elements are
/// added in 128 lanes, the lanes pairwise.
inline constexpr int lanes = 128;

template <class T>
BERL_FN constexpr T sum_lanes(T (&v)[lanes]) {
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) v[i] += v[i + half];
  return v[0];
}

/// A number that is part of a type.
template <int N>
struct Count {
  static constexpr int value = N;
};

/// block(first, count) for each block of n elements; the count is a constant, so that the loop in it vectorises.
template <int N, class Block>
BERL_FN constexpr void for_lanes(Block const& block) {
  if constexpr (N >= lanes)
    for (int first = 0; first + lanes <= N; first += lanes) block(first, Count<lanes>{});
  if constexpr (N % lanes != 0) block(N - N % lanes, Count<N % lanes>{});
}
}  // namespace berl
