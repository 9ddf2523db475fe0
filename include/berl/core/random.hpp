#pragma once
#include <berl/core/config.hpp>  // BERL_FN

#include <cmath>  // log, sqrt, cos
#include <cstddef>
#include <cstdint>
#include <numbers>  // pi
#include <span>
#include <string_view>

/// Random numbers as a function of what they are for: no generator is carried along, so neither the number of threads nor
/// a resume changes a bit. Steele, Lea, Flood 2014 (SplitMix64): the i-th number of a key is mix(key + (i + 1) gamma).
namespace berl {
/// What the caller chooses; everything random follows from it.
struct Seed {
  std::uint64_t value = 0;
  friend constexpr bool operator==(Seed, Seed) = default;
};

namespace detail {
inline constexpr std::uint64_t gamma = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd

/// A bijection of 64 bits, each bit of whose result depends on every bit of z.
BERL_FN constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
}  // namespace detail

/// The key of a stream: bijective in each argument while the other two are held.
BERL_FN constexpr std::uint64_t random_key(Seed seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t const of_seed = detail::mix(seed.value + detail::gamma);
  std::uint64_t const of_a = detail::mix((of_seed ^ a) + detail::gamma);
  return detail::mix((of_a ^ b) + detail::gamma);
}

/// The i-th 64 bits for (seed, a, b), say (seed, step, sample), without any state.
BERL_FN constexpr std::uint64_t random_bits(Seed seed, std::uint64_t a, std::uint64_t b, std::uint64_t i) {
  return detail::mix(random_key(seed, a, b) + (i + 1) * detail::gamma);
}

/// Another seed for each purpose or parameter: named(seed, "order") and named(seed, "flip") have nothing in common.
constexpr Seed named(Seed seed, std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325;  // FNV-1a
  for (char const c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return {detail::mix(detail::mix(seed.value + detail::gamma) ^ h)};
}

/// The numbers of one (seed, step, sample), one after the other.
class Random {
 public:
  BERL_FN constexpr explicit Random(Seed seed, std::uint64_t step = 0, std::uint64_t sample = 0) : state_(random_key(seed, step, sample)) {}

  BERL_FN constexpr std::uint64_t bits() { return detail::mix(state_ += detail::gamma); }

  /// In [0, 1), each multiple of 2^-24 (float) or 2^-53 (double) equally likely.
  template <class T = double>
  BERL_FN constexpr T uniform() {
    if constexpr (sizeof(T) <= 4)
      return static_cast<T>(bits() >> 40) * static_cast<T>(1.0 / 16777216.0);
    else
      return static_cast<T>(bits() >> 11) * static_cast<T>(1.0 / 9007199254740992.0);
  }
  /// In [lo, hi); hi itself only where the sum rounds up to it.
  template <class T>
  BERL_FN constexpr T uniform(T lo, T hi) {
    return lo + (hi - lo) * uniform<T>();
  }
  /// True with probability p.
  BERL_FN constexpr bool chance(double p) { return uniform() < p; }

  /// 0, 1, ..., n - 1, equally likely: numbers below 2^64 mod n are drawn again. n is positive.
  BERL_FN constexpr std::uint64_t below(std::uint64_t n) {
    std::uint64_t const again = (0 - n) % n;
    std::uint64_t r = bits();
    while (r < again) r = bits();
    return r % n;
  }

  /// Mean 0, variance 1 (Box and Muller 1958): sqrt(-2 log u) cos(2 pi v), u in (0, 1], v in [0, 1). Takes two numbers.
  template <class T = double>
  BERL_FN T normal() {
    double const u = 1.0 - uniform();
    double const v = uniform();
    return static_cast<T>(std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
  }

 private:
  std::uint64_t state_;
};

/// Every order equally likely (Fisher and Yates, from the end).
template <class T>
constexpr void shuffle(std::span<T> what, Random random) {
  for (std::size_t n = what.size(); n > 1; --n) {
    auto const k = static_cast<std::size_t>(random.below(n));
    T const last = what[n - 1];
    what[n - 1] = what[k];
    what[k] = last;
  }
}

/// Fills `order` with 0, 1, ..., size - 1, in the order of this epoch.
template <class Index>
constexpr void permutation(std::span<Index> order, Seed seed, std::uint64_t epoch) {
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
  shuffle(order, Random(named(seed, "permutation"), epoch));
}
}  // namespace berl
