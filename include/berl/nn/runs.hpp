#pragma once
#include <berl/core/shape.hpp>  // block_of

namespace berl::nn::detail {
/// How a batch lies for a layer that treats each channel by itself. A run holds the `block` channels of one block of one sample,
/// `length` elements one after the other; element i belongs to channel i % block of them. There are `blocks` runs to a sample.
template <class S>
struct Runs {
  static constexpr int block = S::rank == 3 || S::rank == 1 ? block_of(channels<S>) : 1;
  static constexpr int blocks = channels<S> / block, length = S::size / blocks, pixels = length / block;
};

/// Loops over a run go by so many elements, in which each channel has its places. Their sums go by chunks, so that not too many
/// terms are added in a row.
inline constexpr int run_lanes = 32, run_chunk = 64 * run_lanes;

/// The values of a block's channels, repeated for the lanes of a loop.
template <class T, int block>
struct Lanes {
  T at[run_lanes];
  explicit Lanes(T const* channels) {
    for (int k = 0; k < run_lanes; ++k) at[k] = channels[k % block];
  }
};

/// to[i] = value(i, lane), or base[i] + value(i, lane), for a run of n elements.
template <bool onto_base, class T, class Value>
inline void map_run(int n, T const* base, T* to, Value const& value) {
  int i = 0;
  for (; i + run_lanes <= n; i += run_lanes)
    for (int k = 0; k < run_lanes; ++k) {
      T const v = value(i + k, k);
      to[i + k] = onto_base ? base[i + k] + v : v;
    }
  for (int k = 0; k < run_lanes && i < n; ++i, ++k) {
    T const v = value(i, k);
    to[i] = onto_base ? base[i] + v : v;
  }
}

/// sums[0][c] and sums[1][c] += the sums of two terms over a run's elements of channel c; term(i, lane, a, b) sets both.
template <class T, int block, int length, class Term>
inline void sum_run(Term const& term, double (&sums)[2][block]) {
  for (int chunk = 0; chunk < length; chunk += run_chunk) {
    T first[run_lanes] = {}, second[run_lanes] = {};
    int const last = chunk + run_chunk < length ? chunk + run_chunk : length;
    int i = chunk;
    for (; i + run_lanes <= last; i += run_lanes)
      for (int k = 0; k < run_lanes; ++k) {
        T a, b;
        term(i + k, k, a, b);
        first[k] += a;
        second[k] += b;
      }
    for (int k = 0; k < run_lanes && i < last; ++i, ++k) {
      T a, b;
      term(i, k, a, b);
      first[k] += a;
      second[k] += b;
    }
    for (int k = 0; k < run_lanes; ++k) {
      sums[0][k % block] += static_cast<double>(first[k]);
      sums[1][k % block] += static_cast<double>(second[k]);
    }
  }
}
}  // namespace berl::nn::detail
