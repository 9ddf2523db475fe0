#pragma once
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/nn/layer.hpp>      // Layer
#include <berl/nn/runs.hpp>       // Runs

namespace berl::nn {
/// Doubles both sides by repeating each pixel.
///   y[v][u] = x[v / 2][u / 2];  dx = sum of the four dy
///   shapes  x: (N, C, H, W), y: (N, C, 2H, 2W)
struct Upsample : Layer {
  static constexpr bool recomputes = true;
  template <class In>
  using output = Shape<channels<In>, 2 * height<In>, 2 * width<In>>;
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P) {
    Kernel<Upsample, D>::forward(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D>, Read<T, output<In>, D> dy, DX dx, Pass<T>) {
    if constexpr (!skips<DX>) Kernel<Upsample, D>::backward(ctx, dy, dx);
  }
  template <class T, class In, class D, class Params, class Y>
  static void again(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, Pass<T>) {
    Kernel<Upsample, D>::forward(ctx, x, y);
  }
};
/// The mean of each channel (global average pooling).
///   y[c] = mean over v, u of x;  dx = dy[c] / (H W)
///   shapes  x: (N, C, H, W), y: (N, C)
struct Average : Layer {
  template <class In>
  using output = Shape<channels<In>>;
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P) {
    Kernel<Average, D>::forward(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D>, Read<T, output<In>, D> dy, DX dx, Pass<T>) {
    if constexpr (!skips<DX>) Kernel<Average, D>::backward(ctx, dy, dx);
  }
};
}  // namespace berl::nn

namespace berl {
template <>
struct Kernel<nn::Upsample, Host> {
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, Read<T, In, Host> x, Y y) {
    using R = nn::detail::Runs<In>;
    constexpr int H = height<In>, W = width<In>, B = R::block;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      for (int v = 0; v < 2 * H; ++v)
        for (int u = 0; u < 2 * W; ++u) {
          T const* const from = x.data() + i * R::length + (v / 2 * W + u / 2) * B;
          std::ptrdiff_t const to = 4 * i * R::length + (v * 2 * W + u) * B;
          for (int k = 0; k < B; ++k) put_at(y, to + k, from[k]);
        }
    });
  }
  template <class T, class Out, class DX>
  static void backward(Context<Host>& ctx, Read<T, Out, Host> dy, DX dx) {
    using R = nn::detail::Runs<Out>;
    constexpr int H = height<Out> / 2, W = width<Out> / 2, B = R::block;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(dy.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      for (int v = 0; v < H; ++v)
        for (int u = 0; u < W; ++u) {
          T const* const above = dy.data() + i * R::length + (4 * v * W + 2 * u) * B;
          T const* const below = above + 2 * W * B;
          std::ptrdiff_t const to = i * (R::length / 4) + (v * W + u) * B;
          for (int k = 0; k < B; ++k) put_at(dx, to + k, (above[k] + above[B + k]) + (below[k] + below[B + k]));
        }
    });
  }
};
template <>
struct Kernel<nn::Average, Host> {
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, Read<T, In, Host> x, Y y) {
    using R = nn::detail::Runs<In>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      double sums[R::block] = {};
      for (int p = 0; p < R::pixels; ++p)
        for (int k = 0; k < R::block; ++k) sums[k] += static_cast<double>(x.data()[i * R::length + p * R::block + k]);
      for (int k = 0; k < R::block; ++k) put_at(y, i * R::block + k, static_cast<T>(sums[k] / R::pixels));
    });
  }
  template <class T, class Out, class DX>
  static void backward(Context<Host>& ctx, Read<T, Out, Host> dy, DX dx) {
    using R = nn::detail::Runs<typename DX::shape>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(dy.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      for (int p = 0; p < R::pixels; ++p)
        for (int k = 0; k < R::block; ++k) put_at(dx, i * R::length + p * R::block + k, dy.data()[i * R::block + k] / R::pixels);
    });
  }
};
}  // namespace berl
