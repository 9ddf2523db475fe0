#include <berl/losses/curricular_face.hpp>  // CurricularFace
#include <berl/losses/margin_head.hpp>      // forward_backward

#include <vector>

#include "bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;
using Embedding = Shape<512>;

/// head/85742/b64: identities, batch. Loss, and the gradients of embeddings and class weights.
void curricular_face(benchmark::State& state, int identities, int batch) {
  Context<Host> ctx{threads_of(state), Arena(losses::scratch_bytes<float, Embedding>(batch, identities))};
  Tensor<float, Embedding> weight(identities), d_weight(identities), embedding(batch), d_embedding(batch);
  randomise(weight.span(), 0.02);
  randomise(embedding.span(), 1, 2);
  std::vector<int> labels(static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i * 997) % identities;
  float t = 0;
  double const products = static_cast<double>(batch) * identities * Embedding::size, weights = 4.0 * identities * Embedding::size;
  // three products: cosines and both gradients. Weights are read for the cosines and for the gradients, which are read and written.
  measure(state, {.flops = 6 * products, .bytes = 4 * weights}, [&] {
    auto const result = losses::forward_backward(ctx, losses::CurricularFace{}, embedding.read(), std::span<int const>(labels),
                                                 weight.read(), d_weight.add(), d_embedding.write(), t);
    benchmark::DoNotOptimize(result.loss);
  });
}

bool const added = [] {
  for (int const identities : {1000, 10'000, 85'742})
    for (int const batch : {16, 64})
      add(text("head/", identities, "/b", batch), [=](benchmark::State& state) { curricular_face(state, identities, batch); });
  return true;
}();
}  // namespace
