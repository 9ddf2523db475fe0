#pragma once
#include <berl/core/threads.hpp>    // parallel_for
#include <berl/host/nn/linear.hpp>  // linear, linear_transposed, linear_gradient
#include <berl/nn/conv2d.hpp>       // Bias, NoBias, ConvParams

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
    return host::linear_scratch<T>(batch, In_, Out);
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
  template <class T, class S, class Params, class Y>
  static void forward(Context<Host>& ctx, Params const& p, Read<T, S, Host> x, Y y) {
    host::linear(ctx, x.batch(), I, O, p.weight.value(), input<T, S>(x), [&](int k, int o, T value) {
      if constexpr (std::is_same_v<B, nn::Bias>) value += p.bias_data()[o];
      put_at(y, static_cast<std::ptrdiff_t>(k) * O + o, value);
    });
  }
  /// dx = dy weight, dweight += dy^T x
  template <class T, class S, class Params, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, S, Host> x, Read<T, Shape<O>, Host> dy, DX dx) {
    if constexpr (!skips<DX>)
      host::linear_transposed(ctx, x.batch(), I, O, p.weight.value(), dy.data(), [&](int k, int i, T value) {
        put_at(dx, static_cast<std::ptrdiff_t>(k) * I + nn::detail::place_of<S>(i), value);
      });
    host::linear_gradient(ctx, x.batch(), I, O, input<T, S>(x), dy.data(), p.weight.gradient());
    if constexpr (std::is_same_v<B, nn::Bias>) nn::detail::bias_gradient(ctx, dy, p.bias.gradient());
  }

 private:
  template <class T, class S>
  static auto input(Read<T, S, Host> x) {
    return [data = x.data()](int k, int i) { return data[static_cast<std::ptrdiff_t>(k) * I + nn::detail::place_of<S>(i)]; };
  }
};
}  // namespace berl
