#pragma once
#include <berl/cuda/launch.hpp>  // each
#include <berl/cuda/pack.hpp>    // Pack, load, store, aligned

namespace berl::optim::detail {
/// Optimisers walk over several arrays at once, pack by pack: f.move(x, dx, moments...) for each number, of which dx stays as it is.
template <int N, class F, class T, class... Moments>
struct PackStep {
  F f;
  std::size_t n;
  T* x;
  T const* dx;
  T* moments[sizeof...(Moments)];

  BERL_FN void operator()(std::size_t i) const {
    std::size_t const first = i * N;
    if (first + N <= n)
      step<N>(first);
    else
      for (std::size_t k = first; k < n; ++k) step<1>(k);
  }

 private:
  template <int count>
  BERL_FN void step(std::size_t at) const {
    constexpr int M = sizeof...(Moments);
    auto xs = gpu::load<count>(static_cast<T const*>(x + at));
    auto const dxs = gpu::load<count>(dx + at);
    gpu::Pack<T, count> ms[M];
    for (int j = 0; j < M; ++j) ms[j] = gpu::load<count>(static_cast<T const*>(moments[j] + at));
    for (int k = 0; k < count; ++k)
      if constexpr (M == 1)
        f(xs.v[k], dxs.v[k], ms[0].v[k]);
      else
        f(xs.v[k], dxs.v[k], ms[0].v[k], ms[1].v[k]);
    gpu::store(x + at, xs);
    for (int j = 0; j < M; ++j) gpu::store(moments[j] + at, ms[j]);
  }
};
/// One kernel over a contiguous block.
template <class F, class T, class... Moments>
void step_packs(Context<Cuda>& ctx, char const* name, F const& f, std::size_t n, T* x, T const* dx, Moments*... moments) {
  constexpr int N = gpu::pack_of<T>;
  if (gpu::aligned(x) && gpu::aligned(dx) && (gpu::aligned(moments) && ...))
    gpu::each(ctx, name, (n + N - 1) / N, PackStep<N, F, T, Moments...>{f, n, x, dx, {moments...}});
  else
    gpu::each(ctx, name, n, PackStep<1, F, T, Moments...>{f, n, x, dx, {moments...}});
}
}  // namespace berl::optim::detail
