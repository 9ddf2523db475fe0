#pragma once
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/product.hpp>  // add_product
#include <berl/nn/conv2d.hpp>     // Bias, NoBias, ConvParams

namespace berl::nn {
namespace detail {
template <class In, int N>
struct Inputs {
  static_assert(In::size == N, "berl::nn::Linear<In, Out>: the sample has another number of elements than the layer takes.");
  using type = In;
};
/// Where element i of a sample lies, counted channel by channel.
template <class S>
constexpr int place_of(int i) {
  if constexpr (std::is_same_v<LayoutOf<S>, Blocked>)
    return offset_of<S>(i / plane<S>, i % plane<S> / width<S>, i % width<S>);
  else
    return i;
}
}  // namespace detail

/// Fully connected layer. A map is taken as it lies, channel by channel.
///   y = weight x + bias;  dx = weight^T dy;  dweight += dy x^T;  dbias += dy
///   shapes  x: (N, In), or any sample of In elements; y: (N, Out); weight: (Out, In); bias: (Out)
///   keeps   x
///   errors  detail::Inputs, when a sample does not have In elements
template <int In_, int Out, class HasBias = Bias>
struct Linear : Layer {
  static_assert(In_ > 0 && Out > 0, "berl::nn::Linear<In, Out>: both must be positive.");
  template <class In>
  using output = std::conditional_t<detail::Inputs<In, In_>::type::size == In_, Shape<Out>, Shape<Out>>;
  template <class In>
  static constexpr std::int64_t macs = static_cast<std::int64_t>(In_) * Out;
  template <class T, class D>
  using Params = detail::ConvParams<T, D, Shape<Out, In_>, Out, HasBias>;
  static constexpr int fan_in = In_;

  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int) {
    auto const n = static_cast<std::size_t>(batch);
    return (2 * padded<T>(n * In_) + padded<T>(n * Out)) * sizeof(T);
  }
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D> const& p, Read<T, In, D> x, Y y, P) {
    Kernel<Linear, D>::forward(ctx, p, x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, Shape<Out>, D> dy, DX dx, Pass<T>) {
    Kernel<Linear, D>::backward(ctx, p, x, dy, dx);
  }
};

/// Gives a map the shape of a vector, channel by channel.
struct Flatten : Layer {
  template <class In>
  using output = Shape<In::size>;
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P) {
    Kernel<Flatten, D>::pass_on(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D>, Read<T, Shape<In::size>, D> dy, DX dx, Pass<T>) {
    if constexpr (!skips<DX>) Kernel<Flatten, D>::pass_on(ctx, dy, dx);
  }
};
}  // namespace berl::nn

namespace berl {
template <>
struct Kernel<nn::Flatten, Host> {
  template <class From, class To>
  static void pass_on(Context<Host>& ctx, From from, To to) {
    using Source = typename From::shape;
    using Target = typename To::shape;
    parallel_for(ctx, from.batch(), [&](std::ptrdiff_t n) {
      for (int i = 0; i < Source::size; ++i)
        put_at(to, n * Source::size + nn::detail::place_of<Target>(i), from.data()[n * Source::size + nn::detail::place_of<Source>(i)]);
    });
  }
};

template <int I, int O, class B>
struct Kernel<nn::Linear<I, O, B>, Host> {
  // Each product is cut into blocks of one extent, each of which is one thread's.
  static constexpr int block = 64;
  template <class Body>
  static void for_blocks(Context<Host>& ctx, int n, Body const& body) {
    parallel_for(ctx, (n + block - 1) / block, [&](std::ptrdiff_t b) {
      int const first = static_cast<int>(b) * block;
      body(first, std::min(block, n - first));
    });
  }

  /// y^T = weight x^T: the weights, which are many, are read in their order.
  template <class T, class S, class Params, class Y>
  static void forward(Context<Host>& ctx, Params const& p, Read<T, S, Host> x, Y y) {
    Scope const scope(ctx.scratch);
    int const n = x.batch();
    T* const turned = ctx.scratch.take<T>(static_cast<std::size_t>(n) * I);
    T* const result = ctx.scratch.take<T>(static_cast<std::size_t>(n) * O);
    for_blocks(ctx, I, [&](int first, int count) {
      for (int i = first; i < first + count; ++i)
        for (int k = 0; k < n; ++k) turned[static_cast<std::ptrdiff_t>(i) * n + k] = x.sample(k)[nn::detail::place_of<S>(i)];
    });
    for_blocks(ctx, O, [&](int first, int count) {
      T* const to = result + static_cast<std::ptrdiff_t>(first) * n;
      std::fill_n(to, static_cast<std::ptrdiff_t>(count) * n, T(0));
      host::add_product(host::Strided<T>{p.weight.value() + static_cast<std::ptrdiff_t>(first) * I, I, 1}, count, turned, n, I, n, to, n);
      for (int o = first; o < first + count; ++o)
        for (int k = 0; k < n; ++k) {
          T value = result[static_cast<std::ptrdiff_t>(o) * n + k];
          if constexpr (std::is_same_v<B, nn::Bias>) value += p.bias_data()[o];
          put_at(y, static_cast<std::ptrdiff_t>(k) * O + o, value);
        }
    });
  }
  /// dx = dy weight, dweight += dy^T x
  template <class T, class S, class Params, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, S, Host> x, Read<T, Shape<O>, Host> dy, DX dx) {
    Scope const scope(ctx.scratch);
    int const n = x.batch();
    if constexpr (!skips<DX>) {
      T* const rows = ctx.scratch.take<T>(static_cast<std::size_t>(n) * I);
      for_blocks(ctx, I, [&](int first, int count) {
        for (int k = 0; k < n; ++k) std::fill_n(rows + static_cast<std::ptrdiff_t>(k) * I + first, count, T(0));
        host::add_product(host::Strided<T>{dy.data(), O, 1}, n, p.weight.value() + first, I, O, count, rows + first, I);
        for (int k = 0; k < n; ++k)
          for (int i = first; i < first + count; ++i) {
            std::ptrdiff_t const sample = static_cast<std::ptrdiff_t>(k) * I;
            put_at(dx, sample + nn::detail::place_of<S>(i), rows[sample + i]);
          }
      });
    }
    T const* inputs = x.data();
    if constexpr (std::is_same_v<LayoutOf<S>, Blocked>) {
      T* const rows = ctx.scratch.take<T>(static_cast<std::size_t>(n) * I);
      for_blocks(ctx, I, [&](int first, int count) {
        for (int k = 0; k < n; ++k)
          for (int i = first; i < first + count; ++i)
            rows[static_cast<std::ptrdiff_t>(k) * I + i] = x.sample(k)[nn::detail::place_of<S>(i)];
      });
      inputs = rows;
    }
    for_blocks(ctx, O, [&](int first, int count) {
      host::add_product(host::Strided<T>{dy.data() + first, 1, O}, count, inputs, I, n, I,
                        p.weight.gradient() + static_cast<std::ptrdiff_t>(first) * I, I);
      if constexpr (std::is_same_v<B, nn::Bias>)
        for (int o = first; o < first + count; ++o) {
          double sum = 0;
          for (int k = 0; k < n; ++k) sum += static_cast<double>(dy.sample(k)[o]);
          p.bias.gradient()[o] += static_cast<T>(sum);
        }
    });
  }
};
}  // namespace berl
