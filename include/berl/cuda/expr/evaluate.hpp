#pragma once
#include <berl/cuda/expr/sample.hpp>  // PackRows, for_packs
#include <berl/cuda/launch.hpp>       // launch

namespace berl::expr::detail {
/// One sample of Kernel<Evaluate>, or the part of it that a team of several takes: packs part, part + parts, ... of the team's strides.
template <class Team, class N, class B, class Y>
BERL_FN void evaluate_sample(Team const& team, N const& node, B const& values, Y const& y, int n, int part, int parts) {
  using T = typename Y::element;
  using S = shape_of<N>;
  using R = Rows<T, leaves_of<N>, sample_lets_of<N>>;
  constexpr int C = channels<S>, P = plane<S>, size = pixels_of<T, S>;
  R rows(values, n);
  evaluate_once_together<T>(team, node, rows, sample_lets_of<N>{});
  T* const out = y.sample(n);
  for (int first = size * (part * Team::size + Team::rank()); first < P; first += size * parts * Team::size) {
    PackRows<T, N, size, R> const pack(rows, first);
    gpu::Pack<T, size> local[C];
    for (int k = 0; k < size; ++k) {
      T element[C];
      evaluate_pixel(node, pack, k, element);
      for_channels<C>([&](int c) { local[c].v[k] = element[c]; });
    }
    for_channels<C>([&](int c) {
      T* const to = out + c * P + first;
      if constexpr (adds<Y>) {
        auto const before = gpu::load<size>(static_cast<T const*>(to));
        for (int k = 0; k < size; ++k) local[c].v[k] = before.v[k] + local[c].v[k];
      }
      gpu::store(to, local[c]);
    });
  }
}

template <int threads, class N, class B, class Y>
__global__ void __launch_bounds__(threads) evaluate_kernel(N node, B values, Y y, int parts) {
  int const block = static_cast<int>(blockIdx.x);
  evaluate_sample(gpu::Block<threads>{}, node, values, y, block / parts, block % parts, parts);
}
}  // namespace berl::expr::detail

/// A region is one kernel. A sample has one block where its lets are sums, else as many as its pixels fill.
///   errors  Error, when a map does not start at a multiple of 16 bytes
template <class N>
struct berl::Kernel<berl::expr::Evaluate<N>, berl::Cuda> {
  template <class B, class Y>
  static void run(Context<Cuda>& ctx, N const& node, B const& values, Y y) {
    using namespace expr::detail;
    using S = typename N::shape;
    using T = typename Y::element;
    constexpr int packs = plane<S> / pixels_of<T, S>, threads = gpu::threads_for(packs, 256);
    constexpr int parts = any_sums<sample_lets_of<N>> ? 1 : (packs + threads - 1) / threads;
    require_aligned_views("berl::expr::evaluate", values, leaves_of<N>{});
    gpu::require_aligned("berl::expr::evaluate", plane<S> > 1 ? y.data() : nullptr);
    gpu::launch(ctx, "berl::expr::evaluate", evaluate_kernel<threads, N, B, Y>, {static_cast<unsigned>(y.batch() * parts), threads}, node,
                values, y, parts);
  }
};
