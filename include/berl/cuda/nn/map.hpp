#pragma once
#include <berl/cuda/launch.hpp>   // launch
#include <berl/cuda/pack.hpp>     // Pack, load, store
#include <berl/nn/pointwise.hpp>  // accumulates, whole_base

namespace berl::gpu {
/// Stores N values as the view's type says, on elements i, i + 1, ... of the batch: Write overwrites, Add adds, Onto adds to its base.
template <class Y, class A, int N>
BERL_FN void store_as(Y const& y, std::size_t i, A (&values)[N]) {
  using T = typename Y::element;
  if constexpr (accumulates<Y>) {
    auto const before = load<N>(nn::detail::whole_base(y) + i);
    for (int k = 0; k < N; ++k) values[k] = static_cast<A>(before.v[k]) + values[k];
  }
  Pack<T, N> pack;
  for (int k = 0; k < N; ++k) pack.v[k] = static_cast<T>(values[k]);
  store(y.data() + i, pack);
}

/// y[i + k] = f(i + k, x[i + k], ...), for k = 0, ..., N - 1
template <int N, class F, class Y, class... X>
BERL_FN void map_at(F const& f, Y const& y, std::size_t i, X const*... x) {
  auto const put = [&](auto const&... packs) {
    number_of<typename Y::element> values[N];
    for (int k = 0; k < N; ++k) values[k] = f(i + static_cast<std::size_t>(k), static_cast<number_of<X>>(packs.v[k])...);
    store_as(y, i, values);
  };
  put(load<N>(x + i)...);
}

template <int N, class F, class Y, class... X>
__global__ void map_kernel(F f, Y y, std::size_t n, X const*... x) {
  std::size_t i = (static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (i + N <= n)
    map_at<N>(f, y, i, x...);
  else
    for (; i < n; ++i) map_at<1>(f, y, i, x...);
}

/// y[i] = f(i, x[i], ...) for all elements of a batch, by packs where memory is aligned as tensors and arenas are. f is copied to the GPU.
template <class F, class Y, class... X>
void map(Context<Cuda>& ctx, char const* name, F const& f, Y const& y, X const*... x) {
  constexpr int N = pack_of<typename Y::element>;
  std::size_t const n = y.size();
  if (aligned(y.data()) && aligned(nn::detail::whole_base(y)) && (aligned(x) && ...))
    launch(ctx, name, map_kernel<N, F, Y, X...>, {blocks_for((n + N - 1) / N, 256), 256}, f, y, n, x...);
  else
    launch(ctx, name, map_kernel<1, F, Y, X...>, {blocks_for(n, 256), 256}, f, y, n, x...);
}

/// Element i of a batch: its sample, channel and pixel.
struct Position {
  std::size_t sample;
  int c, pixel;
};
template <class S, class L>
BERL_FN Position position(std::size_t i) {
  std::size_t const sample = i / S::size;
  auto const at = element_at<S, L>(static_cast<int>(i - sample * S::size));
  return {sample, at.c, at.pixel};
}
}  // namespace berl::gpu
