#pragma once
#include <berl/cuda/nn/channels.hpp>  // Channels, map_channels
#include <berl/cuda/tensor.hpp>       // relayout
#include <berl/nn/layer.hpp>          // Onto, put_at
#include <berl/nn/pointwise.hpp>      // whole_base

/// Libraries read and write maps in one layout, and overwrite what they write. What a view asks for beside that is a pass of its own.
namespace berl::gpu {
/// Whether a map that a layer sees lies in the layout L; where a pixel or a channel is alone, all layouts are one.
template <class S, class L>
inline constexpr bool lies_as = lie_alike<S, LayoutOf<S, Cuda>, L>;

/// Bytes of ctx.scratch for a map in a layout.
template <class T, class S>
constexpr std::size_t map_bytes(int batch) {
  return padded<T>(static_cast<std::size_t>(batch) * S::size) * sizeof(T);
}
template <class T, class S, class L>
constexpr std::size_t laid_bytes(int batch) {
  return lies_as<S, L> ? 0 : map_bytes<T, S>(batch);
}
/// A batch in layout L: as it is, or copied into scratch.
template <class L, class T, class S>
T const* laid(Context<Cuda>& ctx, Read<T, S, Cuda> x) {
  if constexpr (lies_as<S, L>) {
    return x.data();
  } else {
    T* const to = ctx.scratch.template take<T>(x.size());
    detail::relayout<S, LayoutOf<S, Cuda>, L>(ctx, x.data(), to, x.size());
    return to;
  }
}
/// Where a library writes a result in layout L that is meant for y: there, or into scratch. Give it to deliver() then.
template <class L, class Y>
typename Y::element* place_for(Context<Cuda>& ctx, Y const& y) {
  if constexpr (lies_as<typename Y::shape, L> && !accumulates<Y>)
    return y.data();
  else
    return ctx.scratch.template take<typename Y::element>(y.size());
}

/// v + bias[c]
template <class T>
struct Biased {
  T const* bias;  // may be null
  template <int N>
  struct Value {
    T const* bias;
    BERL_FN T operator()(T const (&x)[1], int k) const { return bias != nullptr ? x[0] + bias[k] : x[0]; }
  };
  template <int N>
  BERL_FN Value<N> of(int c) const {
    return {bias != nullptr ? bias + c : nullptr};
  }
};
/// Element i of a view, in the view's layout, from a map in layout L.
template <class L, class T, class Y>
BERL_FN void deliver_element(T const* from, T const* bias, Y const& y, std::ptrdiff_t i) {
  using S = typename Y::shape;
  auto const [c, pixel] = element_at<S, LayoutOf<S, Cuda>>(static_cast<int>(i % S::size));
  T const v = from[i / S::size * S::size + offset_of<S, L>(c, pixel / width<S>, pixel % width<S>)];
  put_at(y, i, bias != nullptr ? v + bias[c] : v);
}
namespace detail {
template <class L, class T, class Y>
__global__ void __launch_bounds__(256) deliver_kernel(T const* from, T const* bias, Y y) {
  std::size_t const i = static_cast<std::size_t>(blockIdx.x) * 256 + threadIdx.x;
  if (i < y.size()) deliver_element<L>(from, bias, y, static_cast<std::ptrdiff_t>(i));
}
}  // namespace detail

/// y = [base +] from [+ bias], where place_for(y) has been written in layout L.
template <class L, class T, class Y>
void deliver(Context<Cuda>& ctx, char const* name, T const* from, T const* bias, Y const& y) {
  using S = typename Y::shape;
  if constexpr (lies_as<S, L> && Channels<T, S>::beside) {
    if (accumulates<Y> || bias != nullptr)
      map_channels<S, accumulates<Y>, T>(ctx, name, y.batch(), Biased<T>{bias}, {from}, nn::detail::whole_base(y), y.data());
  } else if (!lies_as<S, L> || accumulates<Y> || bias != nullptr) {
    launch(ctx, name, detail::deliver_kernel<L, T, Y>, {blocks_for(y.size(), 256), 256}, from, bias, y);
  }
}

/// The sum of each channel of dy.
template <class T>
struct Sums {
  T const* dy;
  template <int N>
  BERL_FN Sums of(int) const {
    return *this;
  }
  template <int N>
  BERL_FN void add(std::ptrdiff_t at, double (&total)[1][N]) const {
    auto const pack = load<N>(dy + at);
    for (int k = 0; k < N; ++k) total[0][k] += static_cast<double>(pack.v[k]);
  }
};
template <class T>
struct AddSum {
  T* db;
  BERL_FN void operator()(int c, double const* sum) const { db[c] += static_cast<T>(sum[0]); }
};
/// db[c] += sum over the batch and the pixels of dy
///   scratch sum_channels_scratch<T, S, 1>
template <class T, class S>
void bias_gradient(Context<Cuda>& ctx, char const* name, Read<T, S, Cuda> dy, T* db) {
  sum_channels<T, S, 1>(ctx, name, dy.batch(), Sums<T>{dy.data()}, AddSum<T>{db});
}
}  // namespace berl::gpu
