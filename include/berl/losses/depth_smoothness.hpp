#pragma once
#include <berl/core/arena.hpp>        // Scope, padded
#include <berl/core/config.hpp>       // BERL_FN
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

namespace detail {
/// The pixel's two differences, to the right and below.
template <int S, class T>
BERL_FN T roughness_at(T const* d, int v, int u) {
  T const here = d[v * S + u], right = u + 1 < S ? d[v * S + u + 1] : here, below = v + 1 < S ? d[(v + 1) * S + u] : here;
  return (here < right ? right - here : here - right) + (here < below ? below - here : here - below);
}
/// How many of the neighbours are nearer than the pixel, less those that are farther.
template <int S, class T>
BERL_FN T signs_at(T const* d, int v, int u) {
  T const here = d[v * S + u];
  auto const above = [&](int neighbour) { return static_cast<T>((here > d[neighbour]) - (here < d[neighbour])); };
  T signs = T(0);
  if (u > 0) signs += above(v * S + u - 1);
  if (u + 1 < S) signs += above(v * S + u + 1);
  if (v > 0) signs += above((v - 1) * S + u);
  if (v + 1 < S) signs += above((v + 1) * S + u);
  return signs;
}
template <int S>
double pairs(imaging::Settings const& settings, int batch) {
  return (settings.depth_max - settings.depth_min) * (S - 1) * S * batch;
}
}  // namespace detail

template <class D, class T, int S>
void depth_smoothness(Context<D>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, D> depth,
                      Write<double, Shape<1>, D> loss) {
  Scope const scope(ctx.scratch);
  double* const sums = ctx.scratch.template take<double>(static_cast<std::size_t>(depth.batch()));
  Kernel<DepthSmoothness, D>::forward(ctx, depth, 1 / detail::pairs<S>(settings, depth.batch()), sums, loss);
}
template <class D, class T, int S, class DDepth>
void depth_smoothness_backward(Context<D>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, D> depth, T d_loss,
                               DDepth d_depth) {
  if constexpr (!skips<DDepth>)
    Kernel<DepthSmoothness, D>::backward(ctx, depth,
                                         static_cast<T>(static_cast<double>(d_loss) / detail::pairs<S>(settings, depth.batch())), d_depth);
}

/// On the host, as a number.
template <class T, int S>
T depth_smoothness(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth) {
  double loss = 0;
  depth_smoothness(ctx, settings, depth, Write<double, Shape<1>, Host>(&loss, 1));
  return static_cast<T>(loss);
}
}  // namespace berl::losses

template <>
struct berl::Kernel<berl::losses::DepthSmoothness, berl::Host> {
  template <class T, int S>
  static void forward(Context<Host>& ctx, Read<T, Shape<1, S, S>, Host> depth, double share, double* sums,
                      Write<double, Shape<1>, Host> loss) {
    parallel_for(ctx, depth.batch(), [=](std::ptrdiff_t n) {
      T const* const d = depth.sample(static_cast<int>(n));
      double sum = 0;
      for (int v = 0; v < S; ++v) {
        T row = T(0);
        for (int u = 0; u < S; ++u) row += losses::detail::roughness_at<S>(d, v, u);
        sum += static_cast<double>(row);
      }
      sums[n] = sum;
    });
    double total = 0;
    for (int n = 0; n < depth.batch(); ++n) total += sums[n];
    *loss.data() = share * total;
  }
  template <class T, int S, class DDepth>
  static void backward(Context<Host>& ctx, Read<T, Shape<1, S, S>, Host> depth, T weight, DDepth d_depth) {
    parallel_for(ctx, depth.batch(), [=](std::ptrdiff_t n) {
      T const* const d = depth.sample(static_cast<int>(n));
      T* const dd = d_depth.sample(static_cast<int>(n));
      for (int v = 0; v < S; ++v)
        for (int u = 0; u < S; ++u) put<DDepth>(dd[v * S + u], weight * losses::detail::signs_at<S>(d, v, u));
    });
  }
};
