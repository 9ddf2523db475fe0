#pragma once
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/nn/layer.hpp>      // Layer

namespace berl::nn {
/// Doubles both sides by repeating each pixel.
///   y[v][u] = x[v / 2][u / 2];  dx = sum of the four dy
///   shapes  x: (N, C, H, W), y: (N, C, 2H, 2W)
struct Upsample : Layer {
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
    constexpr int H = height<In>, W = width<In>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * channels<In>, [&](std::ptrdiff_t i) {
      for (int v = 0; v < 2 * H; ++v) {
        T const* const from = x.data() + i * plane<In> + v / 2 * W;
        std::ptrdiff_t const to = 4 * i * plane<In> + v * 2 * W;
        for (int u = 0; u < 2 * W; ++u) put_at(y, to + u, from[u / 2]);
      }
    });
  }
  template <class T, class Out, class DX>
  static void backward(Context<Host>& ctx, Read<T, Out, Host> dy, DX dx) {
    constexpr int H = height<Out> / 2, W = width<Out> / 2;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(dy.batch()) * channels<Out>, [&](std::ptrdiff_t i) {
      for (int v = 0; v < H; ++v) {
        T const* const from = dy.data() + i * plane<Out> + 4 * v * W;
        std::ptrdiff_t const to = (i * H + v) * W;
        for (int u = 0; u < W; ++u) put_at(dx, to + u, (from[2 * u] + from[2 * u + 1]) + (from[2 * W + 2 * u] + from[2 * W + 2 * u + 1]));
      }
    });
  }
};
template <>
struct Kernel<nn::Average, Host> {
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, Read<T, In, Host> x, Y y) {
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * channels<In>, [&](std::ptrdiff_t i) {
      double sum = 0;
      for (int p = 0; p < plane<In>; ++p) sum += static_cast<double>(x.data()[i * plane<In> + p]);
      put_at(y, i, static_cast<T>(sum / plane<In>));
    });
  }
  template <class T, class Out, class DX>
  static void backward(Context<Host>& ctx, Read<T, Out, Host> dy, DX dx) {
    constexpr int P = plane<typename DX::shape>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(dy.size()), [&](std::ptrdiff_t i) {
      T const d = dy.data()[i] / P;
      for (int p = 0; p < P; ++p) put_at(dx, i * P + p, d);
    });
  }
};
}  // namespace berl
