#pragma once
#include <berl/core/tensor.hpp>   // Tensor
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/simd.hpp>     // Vector

#include <algorithm>  // min
#include <chrono>
#include <cstring>  // memcpy
#include <map>

/// What the machine can do at best, measured in the same run as what is compared with it.
namespace berl::bench {
struct Ceiling {
  double flops = 0;  ///< per second: products and sums of fused multiply-adds in registers, float, at the width of host/simd.hpp
  double bytes = 0;  ///< per second: read and written by copying memory that no cache holds
};

namespace detail {
/// The shortest of several runs: whatever else the machine does only makes it longer.
template <class F>
double shortest(int runs, F const& f) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    auto const start = Clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

inline constexpr int chains = 12;  // latency of 4, two a cycle, and some to spare; 12 + 2 registers, also with AVX2's 16
/// flops per round: 2 chains lanes
template <class T>
[[gnu::noinline]] T multiply_add(int rounds, T factor, T summand) {
  host::Vector<T> sums[chains], a, b, total = {};
  for (int l = 0; l < host::lanes_of<T>; ++l) a[l] = factor, b[l] = summand;
  for (int k = 0; k < chains; ++k) sums[k] = b * static_cast<T>(k);
  for (int i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int k = 0; k < chains; ++k) sums[k] = sums[k] * a + b;
  for (int k = 0; k < chains; ++k) total += sums[k];
  return total[0];
}
}  // namespace detail

/// Multiply-adds per second, counted as two operations each.
template <class T>
double peak_flops(int threads) {
  constexpr int rounds = 500'000;
  Context<Host> const ctx{threads, {}};
  T volatile factor = T(0.5), result[64] = {};
  double const time = detail::shortest(200, [&] {
    parallel_for(ctx, threads, [&](std::ptrdiff_t i) { result[i % 64] = detail::multiply_add<T>(rounds, factor, factor); });
  });
  return 2.0 * rounds * detail::chains * host::lanes_of<T> * threads / time;
}

/// Bytes read and written per second.
inline double copy_bytes(int threads) {
  constexpr std::size_t size = 128 * MiB, piece = 4 * MiB;
  Tensor<char, Shape<1>> from(static_cast<int>(size), 1), to(static_cast<int>(size), 2);
  Context<Host> const ctx{threads, {}};
  return 2.0 * size / detail::shortest(5, [&] {
           parallel_for(ctx, size / piece, [&](std::ptrdiff_t i) {
             std::memcpy(&to[0] + i * std::ptrdiff_t{piece}, &from[0] + i * std::ptrdiff_t{piece}, piece);
           });
         });
}

/// Measured when first asked for, once a process and number of threads.
inline Ceiling const& ceiling(int threads) {
  static std::map<int, Ceiling> known;
  auto const [at, is_new] = known.try_emplace(threads);
  if (is_new) at->second = {peak_flops<float>(threads), copy_bytes(threads)};
  return at->second;
}
}  // namespace berl::bench
