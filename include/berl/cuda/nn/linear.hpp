#pragma once
#include <berl/cuda/blas.hpp>     // Products
#include <berl/cuda/nn/lay.hpp>   // laid, place_for, deliver
#include <berl/cuda/nn/plan.hpp>  // Planned
#include <berl/nn/linear.hpp>     // Linear, Flatten

namespace berl::gpu {
/// The three products of a fully connected layer. Its weights lie as on the host; a map is brought in their order, channel by channel.
template <int I, int O, class B, class T>
struct LinearProducts {
  static constexpr bool biased = std::is_same_v<B, nn::Bias>;
  static ProductShape forward(Precision precision, int batch) {  // y = x W^T
    return {batch, O, I, false, true, biased, I, I, O, matrix_type<T>, matrix_type<T>, precision};
  }
  static ProductShape data(Precision precision, int batch) {  // dx = dy W
    return {batch, I, O, false, false, false, O, I, I, matrix_type<T>, matrix_type<T>, precision};
  }
  static ProductShape weights(Precision precision, int batch) {  // dW += dy^T x
    return {O, I, batch, true, false, false, O, I, I, matrix_type<T>, matrix_type<number_of<T>>, precision};
  }
};
template <int I, int O, class B, class T, class In>
struct Planned<nn::Linear<I, O, B>, T, In> {
  using Shapes = LinearProducts<I, O, B, T>;
  /// The scratch that a pass P takes; workspace(product) gives what each that is needed takes of it.
  template <class P, class Workspace>
  static std::size_t bytes_with(Precision precision, int batch, Workspace const& workspace) {
    std::size_t const y = workspace(Shapes::forward(precision, batch)), laid = laid_bytes<T, In, Nchw>(batch);
    if constexpr (std::is_same_v<P, Forget>)
      return laid + y;
    else
      return 2 * laid + std::max({y, workspace(Shapes::data(precision, batch)), workspace(Shapes::weights(precision, batch)),
                                  bias_gradient_bytes<Shape<O>>(batch)});
  }
  template <class P>
  static std::size_t bytes(Context<Cuda>& ctx, int batch) {
    auto& all = ctx.owned.get<Products>();
    return bytes_with<P>(ctx.precision, batch, [&](ProductShape const& shape) { return workspace_bytes(all.plan(shape).workspace()); });
  }
};
/// v, at the place where the other shape has it.
template <class Source, class Target, class T>
struct Renamed {
  T const* from;
  BERL_FN T operator()(std::size_t i) const {
    auto const at = position<Target, LayoutOf<Target, Cuda>>(i);
    int const number = at.c * plane<Target> + at.pixel, c = number / plane<Source>, pixel = number % plane<Source>;
    return from[at.sample * Source::size +
                static_cast<std::size_t>(offset_of<Source, LayoutOf<Source, Cuda>>(c, pixel / width<Source>, pixel % width<Source>))];
  }
};
}  // namespace berl::gpu

template <int I, int O, class B>
struct berl::Kernel<berl::nn::Linear<I, O, B>, berl::Cuda> {
  static constexpr char const* name = "berl::nn::Linear";
  template <class T>
  using Shapes = gpu::LinearProducts<I, O, B, T>;
  template <class T, class S, class Params, class Y>
  static void forward(Context<Cuda>& ctx, Params const& p, Read<T, S, Cuda> x, Y y) {
    if (x.batch() == 0) return;
    Scope const scope(ctx.scratch);
    T const* const xs = gpu::laid<Nchw>(ctx, x);
    gpu::Products::run<T>(ctx, name, Shapes<T>::forward(ctx.precision, x.batch()), xs, p.weight.operand(), bias<T>(p), base<T>(y),
                          y.data());
  }
  template <class T, class S, class Params, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, Read<T, S, Cuda> x, Read<T, Shape<O>, Cuda> dy, DX dx) {
    if (x.batch() == 0) return;
    Scope const scope(ctx.scratch);
    T const* const xs = gpu::laid<Nchw>(ctx, x);
    if constexpr (!skips<DX>) {
      Scope const inner(ctx.scratch);
      auto const product = Shapes<T>::data(ctx.precision, x.batch());
      if constexpr (gpu::lies_as<S, Nchw>) {
        gpu::Products::run<T>(ctx, name, product, dy.data(), p.weight.operand(), nullptr, base<T>(dx), dx.data());
      } else {
        T* const to = gpu::place_for<Nchw>(ctx, dx);
        gpu::Products::run<T>(ctx, name, product, dy.data(), p.weight.operand(), nullptr, nullptr, to);
        gpu::deliver<Nchw>(ctx, name, static_cast<T const*>(to), static_cast<number_of<T> const*>(nullptr), dx);
      }
    }
    gpu::Products::run<T>(ctx, name, Shapes<T>::weights(ctx.precision, x.batch()), dy.data(), xs, nullptr, p.weight.gradient(),
                          p.weight.gradient());
    if constexpr (Shapes<T>::biased) gpu::bias_gradient(ctx, name, dy, p.bias.gradient());
  }

 private:
  template <class T, class Params>
  static T const* bias(Params const& p) {
    if constexpr (Shapes<T>::biased)
      return p.bias.operand();
    else
      return nullptr;
  }
  template <class T, class V>
  static T const* base(V const& view) {
    if constexpr (accumulates<V>)
      return nn::detail::whole_base(view);
    else
      return nullptr;
  }
};

template <>
struct berl::Kernel<berl::nn::Flatten, berl::Cuda> {
  template <class From, class To>
  static void pass_on(Context<Cuda>& ctx, From from, To to) {
    using T = typename To::element;
    gpu::map(ctx, "berl::nn::Flatten", gpu::Renamed<typename From::shape, typename To::shape, T>{from.data()}, to);
  }
};
