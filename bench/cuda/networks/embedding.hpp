#pragma once
#include <berl/cuda/nn/conv2d.hpp>  // the backbones' layers
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/params.hpp>
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/networks/initialise.hpp>  // initialise_backbone
#include <berl/networks/iresnet.hpp>     // IResNet100
#include <berl/nn/sequential.hpp>        // forward

#include <cmath>  // isfinite

#include "cuda/bench.hpp"

namespace berl::bench {
/// A network with random values on the GPU, for evaluation. Maps are stored as T.
template <class L, class In, class T>
class Network {
 public:
  using Out = nn::OutputOf<L, In>;
  Network(Context<Cuda>& ctx, int batch)
      : scratch_bytes(gpu::plan<L, T, In, Forget>(ctx, batch)),
        y(batch),
        weights_(random_weights(ctx)) {}
  void run(Context<Cuda>& ctx, Read<T, In, Cuda> x) { nn::forward<L, Inference>(ctx, weights_.params, x, y.write(), Forget{}); }

  std::size_t scratch_bytes;
  Tensor<T, Out, Cuda> y;

 private:
  static gpu::Weights<L, T> random_weights(Context<Cuda>& ctx) {
    nn::Weights<L> host;
    networks::initialise_backbone<float>(host.params, Seed{1});
    host.params.visit(  // random layers make numbers larger and larger: what they are divided by is as large as what is summed
        [](Path const& path, auto& array) {
          if (path.text.ends_with("running_var")) std::fill_n(array.value(), std::remove_cvref_t<decltype(array)>::shape::size, 25.f);
        },
        Path{});
    ctx.scratch = Arena(gpu::copy_block_scratch<L, float>(), gpu::memory);
    return {ctx, host.params};
  }
  gpu::Weights<L, T> weights_;
};

/// embedding/r100/b256/tf32: a backbone and how many pictures at a time, which are on the GPU.
template <class Backbone, class T = float>
void add_embedding(char const* name, int batch, Precision precision) {
  add(text("embedding/", name, "/b", batch, "/", name_of(precision)), [=](benchmark::State& state) {
    using Input = typename Backbone::Input;
    using Tap = nn::OutputOf<typename Backbone::Trunk, Input>;
    Context<Cuda> ctx;
    ctx.precision = precision;
    Network<typename Backbone::Trunk, Input, T> trunk(ctx, batch);
    Network<typename Backbone::Top, Tap, T> top(ctx, batch);
    ctx.scratch = Arena(std::max(trunk.scratch_bytes, top.scratch_bytes), gpu::memory);
    Tensor<T, Input, Cuda> pictures(batch);
    randomise(ctx, pictures.write().data(), pictures.size());
    auto const macs = nn::macs<typename Backbone::Trunk, Input>() + nn::macs<typename Backbone::Top, Tap>();
    measure(state, ctx, {.flops = 2.0 * batch * static_cast<double>(macs), .images = static_cast<double>(batch)}, [&] {
      trunk.run(ctx, pictures.read());
      top.run(ctx, trunk.y.read());
    });
    Tensor<T, typename decltype(top)::Out> embeddings(batch);
    copy(ctx, top.y.read(), embeddings.write());
    ctx.synchronize();
    for (float const v : embeddings.span())
      if (!std::isfinite(v)) return state.SkipWithError("the embeddings are no numbers");
  });
}
template <class Backbone>
void add_embeddings(char const* name, int batch) {
  add_embedding<Backbone, Bf16>(name, batch, Precision::bf16);
  add_embedding<Backbone>(name, batch, Precision::tf32);
  add_embedding<Backbone>(name, batch, Precision::fp32);
}
}  // namespace berl::bench
