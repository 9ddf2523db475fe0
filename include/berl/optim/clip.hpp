#pragma once
#include <berl/core/config.hpp>   // BERL_FN
#include <berl/core/device.hpp>   // Context
#include <berl/optim/blocks.hpp>  // for_blocks

#include <cmath>  // sqrt
#include <cstddef>
#include <span>

namespace berl::optim {
/// A long sum goes by so many pieces; piece p of n elements starts here.
inline constexpr std::size_t sum_pieces = 256;
BERL_FN constexpr std::size_t piece_at(std::size_t n, std::size_t p) { return n / sum_pieces * p + n % sum_pieces * p / sum_pieces; }

/// Sum of squares of a block, in double. Which numbers are added to which does not depend on the number of threads.
template <class T>
double squared_norm(Context<Host>& ctx, std::span<T const> x) {
  double sums[sum_pieces];
  parallel_for(ctx, sum_pieces, [&](std::ptrdiff_t p) {
    double sum = 0;
    for (std::size_t i = piece_at(x.size(), static_cast<std::size_t>(p)); i < piece_at(x.size(), static_cast<std::size_t>(p) + 1); ++i)
      sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    sums[p] = sum;
  });
  double sum = 0;
  for (double const s : sums) sum += s;
  return sum;
}

/// What a gradient of length `norm` is multiplied with, where that is less than 1.
BERL_FN constexpr double clip_factor(double norm, double longest) { return longest / (norm + 1e-6); }

/// Shortens a gradient that is longer than `longest`, in PyTorch's form, and returns its length before.
///   dx *= min(1, longest / (|dx| + 1e-6))
template <class T>
double clip_norm(Context<Host>& ctx, std::span<T> gradients, double longest) {
  double const norm = std::sqrt(squared_norm(ctx, std::span<T const>(gradients)));
  double const scale = clip_factor(norm, longest);
  if (scale < 1) {
    T* const dx = gradients.data();
    for_blocks(ctx, gradients.size(), [dx, s = static_cast<T>(scale)](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) dx[i] *= s;
    });
  }
  return norm;
}
}  // namespace berl::optim
