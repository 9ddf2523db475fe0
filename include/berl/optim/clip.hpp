#pragma once
#include <berl/core/device.hpp>   // Context
#include <berl/optim/blocks.hpp>  // for_blocks

#include <cmath>  // sqrt
#include <cstddef>
#include <span>

namespace berl::optim {
/// Sum of squares of a block, in double. Which numbers are added to which does not depend on the number of threads.
template <class T>
double squared_norm(Context<Host>& ctx, std::span<T const> x) {
  constexpr std::size_t pieces = 256;
  double sums[pieces];
  parallel_for(ctx, pieces, [&](std::ptrdiff_t p) {
    auto const at = [&](std::size_t i) { return x.size() / pieces * i + x.size() % pieces * i / pieces; };
    double sum = 0;
    for (std::size_t i = at(static_cast<std::size_t>(p)); i < at(static_cast<std::size_t>(p) + 1); ++i)
      sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    sums[p] = sum;
  });
  double sum = 0;
  for (double const s : sums) sum += s;
  return sum;
}

/// Shortens a gradient that is longer than `longest`, in PyTorch's form, and returns its length before.
///   dx *= min(1, longest / (|dx| + 1e-6))
template <class T>
double clip_norm(Context<Host>& ctx, std::span<T> gradients, double longest) {
  double const norm = std::sqrt(squared_norm(ctx, std::span<T const>(gradients)));
  double const scale = longest / (norm + 1e-6);
  if (scale < 1) {
    T* const dx = gradients.data();
    for_blocks(ctx, gradients.size(), [dx, s = static_cast<T>(scale)](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) dx[i] *= s;
    });
  }
  return norm;
}
}  // namespace berl::optim
