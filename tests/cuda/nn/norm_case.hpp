#pragma once
#include "slabs.hpp"

#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>

/// A norm with and without a rectifier behind it, on either device: forward adds to what is there, backward overwrites.
namespace berl::gpu {
template <class T_, class S_, class Norm_, class A_ = void>
struct NormCase {
  using T = T_;
  using S = S_;
  using Norm = Norm_;
  using A = A_;  // void: none
  static constexpr int batch = 7, C = channels<S>;
};
template <class C>
struct NormGiven {
  using T = typename C::T;
  using S = typename C::S;
  using Channels = Tensor<T, Shape<C::C>>;
  Tensor<T, S> x = filled<T, S>(C::batch, "x", 2, 4), dy = filled<T, S>(C::batch, "dy");
  Channels weight = filled<T, Shape<C::C>>(1, "weight"), bias = filled<T, Shape<C::C>>(1, "bias"),
           slope = filled<T, Shape<C::C>>(1, "slope");
};
template <class C>
struct NormResult {
  using T = typename C::T;
  using S = typename C::S;
  using Channels = Tensor<T, Shape<C::C>>;
  Tensor<T, S> y = filled<T, S>(C::batch, "y"), dx = filled<T, S>(C::batch, "dx");
  Channels d_weight = filled<T, Shape<C::C>>(1, "d weight"), d_bias = filled<T, Shape<C::C>>(1, "d bias"),
           d_slope = filled<T, Shape<C::C>>(1, "d slope"), running_mean = filled<T, Shape<C::C>>(1, "running mean"),
           running_var = filled<T, Shape<C::C>>(1, "running var", 1, 2);
};
template <class C>
void check_close(NormResult<C> const& a, NormResult<C> const& b) {
  using T = typename C::T;
  CHECK(difference(a.y, b.y) < rounding<T>);
  CHECK(difference(a.dx, b.dx) < rounding<T>);
  CHECK(difference(a.d_weight, b.d_weight) < rounding<T>);
  CHECK(difference(a.d_bias, b.d_bias) < rounding<T>);
  CHECK(difference(a.d_slope, b.d_slope) < rounding<T>);
  CHECK(difference(a.running_mean, b.running_mean) < rounding<T>);
  CHECK(difference(a.running_var, b.running_var) < rounding<T>);
}
/// The layer, or the pair that runs as one, over arrays that lie where the device's do; kept holds what forward keeps.
template <class C, class Mode, class D, class Given, class Result>
void run_norm(Context<D>& ctx, Given const& given, Result& result, typename C::T* kept) {
  using T = typename C::T;
  using Norm = typename C::Norm;
  auto const value = [](auto const& tensor) { return const_cast<T*>(tensor.read().data()); };
  typename Norm::template Params<T, D> norm;
  norm.weight.place(value(given.weight), value(result.d_weight));
  norm.bias.place(value(given.bias), value(result.d_bias));
  if constexpr (requires { norm.running_mean; }) {
    norm.running_mean.place(value(result.running_mean));
    norm.running_var.place(value(result.running_var));
  }
  Pass<T> const pass(kept, 0, 0);
  if constexpr (std::is_void_v<typename C::A>) {
    Norm::template forward<Mode>(ctx, norm, given.x.read(), result.y.add(), pass);
    Norm::template backward<Mode>(ctx, norm, given.x.read(), given.dy.read(), result.dx.write(), pass);
  } else {
    using Both = nn::Activated<Norm, typename C::A>;
    typename C::A::template Params<T, D> rectifier;
    if constexpr (requires { rectifier.weight; }) rectifier.weight.place(value(given.slope), value(result.d_slope));
    Both::template forward<Mode>(ctx, norm, rectifier, given.x.read(), result.y.add(), pass);
    Both::template backward<Mode>(ctx, norm, rectifier, given.x.read(), given.dy.read(), result.dx.write(), pass);
  }
}
template <class C>
constexpr std::size_t norm_scratch() {
  std::size_t bytes = C::Norm::template scratch<typename C::T, typename C::S>(C::batch, 1);
  if constexpr (!std::is_void_v<typename C::A>) bytes += C::A::template scratch<typename C::T, typename C::S>(C::batch, 1);
  return bytes;
}
template <class C, class Mode>
NormResult<C> norm_by_the_host(NormGiven<C> const& given) {
  using T = typename C::T;
  Context<Host> ctx{1, Arena(norm_scratch<C>())};
  Arena memory(C::Norm::template kept<T, typename C::S>(C::batch) * sizeof(T));
  NormResult<C> result;
  run_norm<C, Mode>(ctx, given, result, memory.take<T>(memory.bytes() / sizeof(T)));
  return result;
}
template <class C, class Mode>
NormResult<C> norm_by_the_gpu(NormGiven<C> const& given) {
  using T = typename C::T;
  auto copies = test_context();
  Context<Cuda> ctx(0, norm_scratch<C>());  // no more than the layer has promised
  Arena kept(C::Norm::template kept<T, typename C::S>(C::batch) * sizeof(T), gpu::memory);
  NormResult<C> before;
  struct {
    Tensor<T, typename C::S, Cuda> x, dy;
    Tensor<T, Shape<C::C>, Cuda> weight, bias, slope;
  } const there{on_gpu(copies, given.x), on_gpu(copies, given.dy), on_gpu(copies, given.weight), on_gpu(copies, given.bias),
                on_gpu(copies, given.slope)};
  struct {
    Tensor<T, typename C::S, Cuda> y, dx;
    Tensor<T, Shape<C::C>, Cuda> d_weight, d_bias, d_slope, running_mean, running_var;
  } result{on_gpu(copies, before.y),          on_gpu(copies, before.dx),      on_gpu(copies, before.d_weight),
           on_gpu(copies, before.d_bias),     on_gpu(copies, before.d_slope), on_gpu(copies, before.running_mean),
           on_gpu(copies, before.running_var)};
  copies.synchronize();
  run_norm<C, Mode>(ctx, there, result, kept.take<T>(kept.bytes() / sizeof(T)));
  ctx.synchronize();
  return {on_host(copies, result.y),          on_host(copies, result.dx),      on_host(copies, result.d_weight),
          on_host(copies, result.d_bias),     on_host(copies, result.d_slope), on_host(copies, result.running_mean),
          on_host(copies, result.running_var)};
}
}  // namespace berl::gpu
