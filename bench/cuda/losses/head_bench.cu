#include <berl/cuda/losses/margin_head.hpp>  // forward_backward
#include <berl/cuda/tensor.hpp>              // Tensor
#include <berl/losses/curricular_face.hpp>   // CurricularFace
#include <berl/losses/margin_head.hpp>       // MarginHead

#include <cmath>  // isfinite

#include "cuda/bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;
using Embedding = Shape<512>;

/// head/85742/b200/tf32: identities, batch, precision. Loss, and the gradients of embeddings and class weights.
void curricular_face(benchmark::State& state, int identities, int batch, Precision precision) {
  Context<Cuda> ctx;
  ctx.precision = precision;
  ctx.scratch = Arena(gpu::plan_head<float, Embedding>(ctx, batch, identities), gpu::memory);
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
    losses::forward_backward(ctx, losses::CurricularFace{}, embedding.read(), there.read(), weight.read(), d_weight.add(),
                             d_embedding.write(), t.write().data(), result.write());
  });
  Tensor<double, Shape<2>> loss;
  copy(ctx, result.read(), loss.write());
  ctx.synchronize();
  if (!std::isfinite(loss[0])) state.SkipWithError("the loss is no number");
  state.counters["loss"] = loss[0];
}

bool const added = [] {
  for (auto const precision : {Precision::fp32, Precision::tf32})
    add(text("head/85742/b200/", name_of(precision)), [=](benchmark::State& state) { curricular_face(state, 85'742, 200, precision); });
  return true;
}();
}  // namespace
