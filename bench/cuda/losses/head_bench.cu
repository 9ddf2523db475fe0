#include <berl/cuda/losses/class_sampling.hpp>  // sampled_forward_backward
#include <berl/cuda/losses/margin_head.hpp>     // forward_backward
#include <berl/cuda/tensor.hpp>                 // Tensor
#include <berl/losses/curricular_face.hpp>      // CurricularFace
#include <berl/losses/npc_face.hpp>             // NpcFace
#include <berl/losses/sphere_face.hpp>          // SphereFace

#include <cmath>  // isfinite

#include "cuda/bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;
using Embedding = Shape<512>;

/// head/85742/b200/tf32: identities, batch, precision. Loss, and the gradients of embeddings and class weights, of CurricularFace; of
/// another head with its name behind it.
template <class H>
void head(benchmark::State& state, int identities, int batch, Precision precision) {
  H const head;
  Context<Cuda> ctx;
  ctx.precision = precision;
  ctx.scratch = Arena(gpu::plan_head<float, Embedding>(ctx, batch, identities, losses::layout_of(head)), gpu::memory);
  Tensor<float, Embedding, Cuda> weight(identities), d_weight(identities), embedding(batch), d_embedding(batch);
  randomise(ctx, weight.write().data(), weight.size(), 0.02);
  randomise(ctx, embedding.write().data(), embedding.size(), 1, 2);
  Tensor<int, Shape<1>> labels(batch);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i * 997) % identities;
  Tensor<int, Shape<1>, Cuda> there(batch);
  copy(ctx, labels.read(), there.write());
  Tensor<float, Shape<1>, Cuda> t;
  Tensor<double, Shape<2>, Cuda> result;
  double const products = static_cast<double>(batch) * identities * Embedding::size, weights = 4.0 * identities * Embedding::size;
  // three products: cosines and both gradients. Weights are read for the cosines and for the gradients, which are read and written.
  measure(state, ctx, {.flops = 6 * products, .bytes = 4 * weights}, [&] {
    losses::forward_backward(ctx, head, embedding.read(), there.read(), weight.read(), d_weight.add(), d_embedding.write(),
                             losses::Kept<float>({t.write().data(), 1}), result.write());
  });
  Tensor<double, Shape<2>> loss;
  copy(ctx, result.read(), loss.write());
  ctx.synchronize();
  if (!std::isfinite(loss[0])) state.SkipWithError("the loss is no number");
  state.counters["loss"] = loss[0];
}

/// head/85742/b200/sampled/tf32: the same of CurricularFace where a step sees a tenth of the classes (Partial FC), which are drawn anew.
void sampled(benchmark::State& state, int identities, int batch, Precision precision) {
  losses::CurricularFace const head;
  auto const layout = losses::layout_of(head);
  int const n = losses::sampled_classes(batch, identities, 0.1);
  Context<Cuda> ctx;
  ctx.precision = precision;
  ctx.scratch = Arena(gpu::plan_sampled_head<float, Embedding>(ctx, batch, identities, n, layout), gpu::memory);
  Tensor<float, Embedding, Cuda> weight(identities), d_weight(identities), embedding(batch), d_embedding(batch);
  randomise(ctx, weight.write().data(), weight.size(), 0.02);
  randomise(ctx, embedding.write().data(), embedding.size(), 1, 2);
  Tensor<int, Shape<1>> labels(batch);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i * 997) % identities;
  Tensor<int, Shape<1>, Cuda> there(batch), classes(n);
  copy(ctx, labels.read(), there.write());
  Tensor<float, Shape<1>, Cuda> t;
  Tensor<double, Shape<2>, Cuda> result;
  losses::HeadParams<float, Embedding, Cuda> params;
  params.place(layout, identities, weight.write().data(), d_weight.write().data(), t.write().data());
  std::span<int> const drawn(classes.write().data(), static_cast<std::size_t>(n));
  std::uint64_t step = 0;
  double const products = static_cast<double>(batch) * n * Embedding::size, weights = 4.0 * n * Embedding::size;
  // beside what a head of so many classes moves: rows out of the table and back, and the order of all identities, written and sorted
  measure(state, ctx, {.flops = 6 * products, .bytes = 4 * weights + 4 * weights + 16.0 * identities}, [&] {
    losses::sample_classes(ctx, Seed{1}, step++, there.read(), identities, drawn);
    losses::sampled_forward_backward(ctx, head, embedding.read(), there.read(), params, drawn, d_embedding.write(), result.write());
  });
}

bool const added = [] {
  for (auto const precision : {Precision::fp32, Precision::tf32}) {
    auto const one = [&](char const* name, auto of) {
      add(text("head/85742/b200/", name, name_of(precision)), [=](benchmark::State& state) { of(state, 85'742, 200, precision); });
    };
    one("", head<losses::CurricularFace>);
    one("npcface/", head<losses::NpcFace>);
    one("sphereface/", head<losses::SphereFace>);
    one("sampled/", sampled);
  }
  return true;
}();
}  // namespace
