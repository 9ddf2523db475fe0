#pragma once
#include <berl/cuda/nn/plan.hpp>    // plan
#include <berl/cuda/nn/stored.hpp>  // round_block
#include <berl/cuda/tensor.hpp>     // Tensor
#include <berl/nn/sequential.hpp>   // forward, backward
#include <berl/nn/state.hpp>        // place, SizesOf

#include <cmath>  // sqrt

#include "cuda/bench.hpp"

namespace berl::bench {
namespace detail {
inline constexpr int sums = 1024;
/// a b and its square, added to one of many sums.
template <class A, class B>
struct AddProduct {
  A const* a;
  B const* b;
  double *product, *square;
  __device__ void operator()(std::size_t i) const {
    double const p = static_cast<double>(a[i]) * static_cast<double>(b[i]);
    atomicAdd(product + i % sums, p);
    atomicAdd(square + i % sums, p * p);
  }
};
}  // namespace detail

/// <a, b>, and the root of the sum of its terms' squares.
struct InnerProduct {
  double value = 0, size = 0;
};
template <class A, class B>
InnerProduct inner_product(Context<Cuda>& ctx, A const* a, B const* b, std::size_t n) {
  Tensor<double, Shape<detail::sums>, Cuda> there(2);
  auto const at = there.write();
  gpu::each(ctx, "berl::bench::inner_product", n, detail::AddProduct<A, B>{a, b, at.sample(0), at.sample(1)});
  Tensor<double, Shape<detail::sums>> here(2);
  copy(ctx, there.read(), here.write());
  ctx.synchronize();
  InnerProduct sum;
  for (std::size_t i = 0; i < detail::sums; ++i) sum.value += here[i], sum.size += here[detail::sums + i];
  sum.size = std::sqrt(sum.size);
  return sum;
}

/// A layer without bias with random parameters, input and dy on the GPU, and the memory that its type and plan ask for. Maps are stored as
/// T.
template <class L, class In, class T = float>
class Run {
 public:
  using Out = nn::OutputOf<L, In>;
  using Sizes = nn::SizesOf<L>;
  Run(int batch, Precision precision)
      : x_(batch),
        dx_(batch),
        y_(batch),
        dy_(batch),
        memory_(2 * Sizes::block * sizeof(float) + (padded<T>(Sizes::block) + nn::kept<L, T, In>(batch)) * sizeof(T), gpu::memory),
        values_(memory_.template take<float>(Sizes::block)),
        gradients_(memory_.template take<float>(Sizes::block)),
        operands_(memory_.template take<T>(Sizes::block)),
        kept_(memory_.template take<T>(nn::kept<L, T, In>(batch))) {
    ctx_.precision = precision;
    ctx_.scratch = Arena(gpu::plan<L, T, In>(ctx_, batch), gpu::memory);
    nn::place<L, T, Cuda>(params_, values_, gradients_, nullptr, operands_);
    randomise(ctx_, values_, Sizes::block, 0.05, 3);
    gpu::round_block<T>(ctx_, values_, operands_, Sizes::block);
    randomise(ctx_, x_.write().data(), x_.size());
    randomise(ctx_, dy_.write().data(), dy_.size(), 1, 2);
    gpu::check(cudaMemsetAsync(gradients_, 0, Sizes::block * sizeof(float), ctx_.stream.get()), "cudaMemsetAsync");
  }
  Context<Cuda>& context() { return ctx_; }
  void forward() { nn::forward<L, Training>(ctx_, params_, x_.read(), y_.write(), pass()); }
  void backward() { nn::backward<L, Training>(ctx_, params_, x_.read(), dy_.read(), dx_.write(), pass()); }
  /// The gradients of the parameters alone.
  void backward_parameters() {
    nn::backward<L, Training>(ctx_, params_, x_.read(), dy_.read(), Skip<T, In, Cuda>(nullptr, x_.batch()), pass());
  }

  /// Of a layer that is linear in its weights and in x: <y, dy> = <x, dx> = <w, dw>, to a hundredth of their usual size. Asked once, before
  /// gradients have been added.
  bool is_bilinear() {
    forward();
    backward();
    auto const y = inner_product(ctx_, y_.read().data(), dy_.read().data(), y_.size());
    auto const x = inner_product(ctx_, x_.read().data(), dx_.read().data(), x_.size());
    auto const w = inner_product(ctx_, values_, gradients_, static_cast<std::size_t>(Sizes::parameters));
    return std::abs(y.value - x.value) < 0.01 * y.size && std::abs(y.value - w.value) < 0.01 * y.size;
  }

 private:
  Pass<T> pass() const { return {kept_, 1, 2}; }
  Context<Cuda> ctx_;
  nn::ParamsOf<L, T, Cuda> params_;
  Tensor<T, In, Cuda> x_, dx_;
  Tensor<T, Out, Cuda> y_, dy_;
  Arena memory_;
  float *values_, *gradients_;
  T *operands_, *kept_;
};
}  // namespace berl::bench
