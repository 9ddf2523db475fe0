#pragma once
#include <berl/core/shape.hpp>  // block_of

#include <cstddef>  // ptrdiff_t
#include <utility>  // integer_sequence

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
template <class T, int block, int lanes = run_lanes>
struct Lanes {
  T at[lanes];
  BERL_FN explicit Lanes(T const* channels) {
    for (int k = 0; k < lanes; ++k) at[k] = channels[k % block];
  }
  BERL_FN Lanes(T const* a, T const* b) {
    for (int k = 0; k < lanes; ++k) at[k] = a[k % block] * b[k % block];
  }
};

/// to[i] = value(i, lane), or base[i] + value(i, lane), for a run of n elements. `to` may be one of the arrays that value reads.
template <bool onto_base, class T, class Value>
inline void map_run(int n, T const* base, T* to, Value const& value) {
  int i = 0;
  for (; i + run_lanes <= n; i += run_lanes) {
#if defined(_OPENMP)
#pragma omp simd
#endif
    for (int k = 0; k < run_lanes; ++k) {
      T const v = value(i + k, k);
      to[i + k] = onto_base ? base[i + k] + v : v;
    }
  }
  for (int k = 0; k < run_lanes && i < n; ++i, ++k) {
    T const v = value(i, k);
    to[i] = onto_base ? base[i] + v : v;
  }
}

/// sums[s][c] += the sum of term s over a run's elements of channel c; term(i, lane, t...) sets all of them.
template <class T, int block, int length, class Term, int terms>
inline void sum_run(Term const& term, double (&sums)[terms][block]) {
  constexpr auto every = std::make_integer_sequence<int, terms>{};
  for (int chunk = 0; chunk < length; chunk += run_chunk) {
    T total[terms][run_lanes] = {};
    auto const add = [&]<int... s>(int i, int k, std::integer_sequence<int, s...>) {
      T t[terms];
      term(i, k, t[s]...);
      ((total[s][k] += t[s]), ...);
    };
    int const last = chunk + run_chunk < length ? chunk + run_chunk : length;
    int i = chunk;
    for (; i + run_lanes <= last; i += run_lanes) {
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (int k = 0; k < run_lanes; ++k) add(i + k, k, every);
    }
    for (int k = 0; k < run_lanes && i < last; ++i, ++k) add(i, k, every);
    for (int s = 0; s < terms; ++s)
      for (int k = 0; k < run_lanes; ++k) sums[s][k % block] += static_cast<double>(total[s][k]);
  }
}

/// to[c] += the sum over the samples, in their order, of what each gives for channel c.
template <class T>
inline void add_samples(int batch, int C, double const* partial, T* to) {
  for (int c = 0; c < C; ++c) {
    double sum = 0;
    for (int n = 0; n < batch; ++n) sum += partial[static_cast<std::ptrdiff_t>(n) * C + c];
    to[c] += static_cast<T>(sum);
  }
}
}  // namespace berl::nn::detail
