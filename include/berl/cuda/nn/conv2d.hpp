#pragma once
#include <berl/cuda/nn/convolve.hpp>      // Convolutions
#include <berl/cuda/nn/few_channels.hpp>  // Conv2d where few_channels
#include <berl/cuda/nn/lay.hpp>           // laid, place_for, deliver
#include <berl/cuda/nn/plan.hpp>          // Planned
#include <berl/cuda/nn/stored.hpp>        // Same
#include <berl/nn/conv2d.hpp>             // Conv2d, ConvTranspose2d

namespace berl::gpu {
/// The convolution whose forward pass or whose adjoint a layer is, for a batch of In.
template <class L, class T, class In>
Geometry geometry_of(Precision precision, int batch) {
  constexpr host::Convolution g = L::template forward_of<In>();
  if constexpr (g.transposed)
    return {batch, g.M, g.OH, g.OW, g.C, g.H, g.W, g.K, g.S, g.P, data_type<T>, precision};
  else
    return {batch, g.C, g.H, g.W, g.M, g.OH, g.OW, g.K, g.S, g.P, data_type<T>, precision};
}

/// Both kinds of convolution. The gradient of the weights is computed into scratch and added from there.
template <class L, class T, class In>
struct ConvolutionOf {
  using Out = typename L::template output<In>;
  static constexpr bool transposed = L::template forward_of<In>().transposed;
  static constexpr char const* name = transposed ? "berl::nn::ConvTranspose2d" : "berl::nn::Conv2d";
  static constexpr std::size_t weights = decltype(L::template Params<T, Cuda>::weight)::shape::size;

  /// The operations that give y and dx.
  static constexpr Convolve y_by = transposed ? Convolve::data : Convolve::forward, dx_by = transposed ? Convolve::forward : Convolve::data;

  /// The scratch that a pass P takes; workspace(operation) gives what each that is needed takes of it.
  template <class P, class Workspace>
  static std::size_t bytes_with(int batch, Workspace const& workspace) {
    std::size_t const y = map_bytes<T, Out>(batch) + workspace(y_by);
    if constexpr (std::is_same_v<P, Forget>) {
      return laid_bytes<T, In, Nhwc>(batch) + y;
    } else {
      std::size_t const dx = map_bytes<T, In>(batch) + workspace(dx_by);
      std::size_t const dw = std::max(padded<T>(weights) * sizeof(T) + workspace(Convolve::weights), bias_gradient_bytes<Out>(batch));
      return laid_bytes<T, In, Nhwc>(batch) + std::max(y, laid_bytes<T, Out, Nhwc>(batch) + std::max(dx, dw));
    }
  }
  template <class P>
  static std::size_t bytes(Context<Cuda>& ctx, int batch) {
    auto& all = ctx.owned.get<Convolutions>(ctx);
    auto const geometry = geometry_of<L, T, In>(ctx.precision, batch);
    return bytes_with<P>(batch, [&](Convolve what) { return workspace_bytes(all.plan(geometry, what).workspace()); });
  }
  static ConvolutionPlan const& planned(Context<Cuda>& ctx, Convolutions const* all, int batch, Convolve what) {
    auto const* const plan = all != nullptr ? all->find(geometry_of<L, T, In>(ctx.precision, batch), what) : nullptr;
    if (plan == nullptr)
      throw std::logic_error(std::string(name) +
                             ": this shape, batch and precision have not been planned, or for Forget alone. Call berl::gpu::plan first.");
    return *plan;
  }

  template <class Params, class Y>
  static void forward(Context<Cuda>& ctx, Params const& p, Read<T, In, Cuda> x, Y y) {
    if (x.batch() == 0) return;
    auto const* const all = ctx.owned.find<Convolutions>();
    auto const& plan = planned(ctx, all, x.batch(), y_by);
    Scope const scope(ctx.scratch);
    T const* const xs = laid<Nhwc>(ctx, x);
    T* const ys = place_for<Nhwc>(ctx, y);
    if constexpr (transposed)
      plan.run(ctx, all->dnn(), static_cast<T const*>(ys), p.weight.operand(), xs);
    else
      plan.run(ctx, all->dnn(), xs, p.weight.operand(), static_cast<T const*>(ys));
    deliver<Nhwc>(ctx, name, static_cast<T const*>(ys), p.bias_data(), y);
  }
  template <class Params, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, Read<T, In, Cuda> x, Read<T, Out, Cuda> dy, DX dx) {
    if (x.batch() == 0) return;
    auto const* const all = ctx.owned.find<Convolutions>();
    auto const& to_weights = planned(ctx, all, x.batch(), Convolve::weights);
    Scope const scope(ctx.scratch);
    T const* const w = p.weight.operand();
    T const* const xs = laid<Nhwc>(ctx, x);
    T const* const dys = laid<Nhwc>(ctx, dy);
    {
      Scope const inner(ctx.scratch);
      T const* const dw = ctx.scratch.template take<T>(weights);
      if constexpr (transposed)
        to_weights.run(ctx, all->dnn(), dys, dw, xs);
      else
        to_weights.run(ctx, all->dnn(), xs, dw, dys);
      map(ctx, name, Same{}, Add<number_of<T>, Shape<static_cast<int>(weights)>, Cuda>(p.weight.gradient(), 1), dw);
    }
    if constexpr (!skips<DX>) {  // last, since dx may lie where x does
      Scope const inner(ctx.scratch);
      T const* const dxs = place_for<Nhwc>(ctx, dx);
      auto const& plan = planned(ctx, all, x.batch(), dx_by);
      if constexpr (transposed)
        plan.run(ctx, all->dnn(), dys, w, dxs);
      else
        plan.run(ctx, all->dnn(), dxs, w, dys);
      deliver<Nhwc>(ctx, name, dxs, static_cast<number_of<T> const*>(nullptr), dx);
    }
    if constexpr (requires { p.bias; }) bias_gradient(ctx, name, dy, p.bias.gradient());
  }
};
template <int C, int M, int K, int S, int P, class B, class T, class In>
struct Planned<nn::Conv2d<C, M, K, S, P, B>, T, In> : ConvolutionOf<nn::Conv2d<C, M, K, S, P, B>, T, In> {};
template <int C, int M, int K, int S, int P, class B, class T, class In>
struct Planned<nn::ConvTranspose2d<C, M, K, S, P, B>, T, In> : ConvolutionOf<nn::ConvTranspose2d<C, M, K, S, P, B>, T, In> {};

/// Kernel of either, by cuDNN, where a convolution does not have few channels in.
template <class L>
struct ConvolutionKernel {
  template <class In, class T, class Params, class Y>
  static void forward(Context<Cuda>& ctx, Params const& p, Read<T, In, Cuda> x, Y y) {
    ConvolutionOf<L, T, In>::forward(ctx, p, x, y);
  }
  template <class In, class T, class Params, class Out, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, Read<T, In, Cuda> x, Read<T, Out, Cuda> dy, DX dx) {
    ConvolutionOf<L, T, In>::backward(ctx, p, x, dy, dx);
  }
};
}  // namespace berl::gpu

template <int C, int M, int K, int S, int P, class B>
struct berl::Kernel<berl::nn::Conv2d<C, M, K, S, P, B>, berl::Cuda> : berl::gpu::ConvolutionKernel<berl::nn::Conv2d<C, M, K, S, P, B>> {};
template <int C, int M, int K, int S, int P, class B>
struct berl::Kernel<berl::nn::ConvTranspose2d<C, M, K, S, P, B>, berl::Cuda>
    : berl::gpu::ConvolutionKernel<berl::nn::ConvTranspose2d<C, M, K, S, P, B>> {};
