#pragma once
#include <berl/core/arena.hpp>        // Scope, padded
#include <berl/core/device.hpp>       // Context
#include <berl/core/threads.hpp>      // parallel_for
#include <berl/core/view.hpp>         // Read, put
#include <berl/imaging/settings.hpp>  // Settings

#include <cstddef>  // size_t, ptrdiff_t

namespace berl::losses {
/// How rough a depth map is (wu2020's code, off in its face configuration): neighbouring pixels compared, in parts of the depth range.
///   L = mean of |d(u + 1, v) - d(u, v)| / range + mean of |d(u, v + 1) - d(u, v)| / range,  range = depth_max - depth_min
///   dd += sign of each difference / (range (S - 1) S N), to both of its pixels; the sign of 0 is 0
/// The depth is meant before its border columns are set: canonical_depth with border = false.
///   shapes  depth: (N, 1, S, S);  d_depth: Write, Add or Skip
struct DepthSmoothness {
  /// Bytes that the loss takes from ctx.scratch.
  static constexpr std::size_t scratch(int batch) { return padded<double>(static_cast<std::size_t>(batch)) * sizeof(double); }
};

template <class T, int S>
T depth_smoothness(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth) {
  Scope const scope(ctx.scratch);
  double* const sums = ctx.scratch.take<double>(static_cast<std::size_t>(depth.batch()));
  parallel_for(ctx, depth.batch(), [=](std::ptrdiff_t n) {
    T const* const d = depth.sample(static_cast<int>(n));
    double sum = 0;
    for (int v = 0; v < S; ++v) {
      T row = T(0);
      for (int u = 0; u < S; ++u) {
        T const here = d[v * S + u];
        if (u + 1 < S) row += here < d[v * S + u + 1] ? d[v * S + u + 1] - here : here - d[v * S + u + 1];
        if (v + 1 < S) row += here < d[(v + 1) * S + u] ? d[(v + 1) * S + u] - here : here - d[(v + 1) * S + u];
      }
      sum += static_cast<double>(row);
    }
    sums[n] = sum;
  });
  double total = 0;
  for (int n = 0; n < depth.batch(); ++n) total += sums[n];
  return static_cast<T>(total / ((settings.depth_max - settings.depth_min) * (S - 1) * S * depth.batch()));
}

template <class T, int S, class DDepth>
void depth_smoothness_backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth, T d_loss,
                               DDepth d_depth) {
  if constexpr (!skips<DDepth>) {
    double const pairs = (settings.depth_max - settings.depth_min) * (S - 1) * S * depth.batch();
    T const weight = static_cast<T>(static_cast<double>(d_loss) / pairs);
    parallel_for(ctx, depth.batch(), [=](std::ptrdiff_t n) {
      T const* const d = depth.sample(static_cast<int>(n));
      T* const dd = d_depth.sample(static_cast<int>(n));
      for (int v = 0; v < S; ++v)
        for (int u = 0; u < S; ++u) {
          T const here = d[v * S + u];
          auto const above = [&](int neighbour) { return static_cast<T>((here > d[neighbour]) - (here < d[neighbour])); };
          T signs = T(0);
          if (u > 0) signs += above(v * S + u - 1);
          if (u + 1 < S) signs += above(v * S + u + 1);
          if (v > 0) signs += above((v - 1) * S + u);
          if (v + 1 < S) signs += above((v + 1) * S + u);
          put<DDepth>(dd[v * S + u], weight * signs);
        }
    });
  }
}
}  // namespace berl::losses
