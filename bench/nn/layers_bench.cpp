#include <berl/networks/decoder.hpp>  // GroupNorm, ReLU, Tanh, Upsample
#include <berl/nn/prelu.hpp>          // PReLU

#include "nn/layer.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

/// How often a pass must go through arrays of the size of the input: batch norm reads x twice, once for its statistics.
struct Passes {
  double forward, backward;
};

/// layer/prelu/64/112/b8/forward and backward: channels, side of the input, batch.
template <class L, class In>
void add_layer(char const* layer, Passes passes) {
  constexpr int batch = 8;
  std::string const name = text("layer/", layer, "/", channels<In>, "/", height<In>, "/b", batch, "/");
  auto const bytes = [](double times) { return Work{.bytes = times * batch * In::size * sizeof(float)}; };
  add(name + "forward", [=](benchmark::State& state) {
    Run<L, In> run(batch, threads_of(state));
    measure(state, bytes(passes.forward), [&] { run.forward(); });
  });
  add(name + "backward", [=](benchmark::State& state) {
    Run<L, In> run(batch, threads_of(state));
    run.forward();
    measure(state, bytes(passes.backward), [&] { run.backward(); });
  });
}

template <int C, int Side>
void add_backbone_layers() {
  using In = Shape<C, Side, Side>;
  add_layer<nn::BatchNorm<C>, In>("batch_norm", {3, 5});
  add_layer<nn::PReLU<C>, In>("prelu", {2, 3});
  std::string const name = text("/", C, "/", Side, "/b8");
  add(text("layer/batch_norm_inference", name), [](benchmark::State& state) {
    Run<nn::BatchNorm<C>, In> run(8, threads_of(state));
    measure(state, {.bytes = 2.0 * 8 * In::size * sizeof(float)}, [&] { run.template forward<Inference>(); });
  });
  add(text("layer/batch_norm_and_addition", name), [](benchmark::State& state) {  // the end of a residual block
    Run<nn::BatchNorm<C>, In> run(8, threads_of(state));
    measure(state, {.bytes = 4.0 * 8 * In::size * sizeof(float)}, [&] { run.forward_onto_input(); });
  });
}
template <int C, int Side>
void add_bypass_layers() {
  using In = Shape<C, Side, Side>;
  add_layer<networks::GroupsOf4<C>, In>("group_norm", {3, 5});
  add_layer<nn::ReLU, In>("relu", {2, 3});
}

bool const added = [] {
  add_backbone_layers<64, 112>();
  add_backbone_layers<64, 56>();
  add_backbone_layers<128, 28>();
  add_backbone_layers<256, 14>();
  add_backbone_layers<512, 7>();
  add_bypass_layers<64, 64>();
  add_bypass_layers<64, 32>();
  add_bypass_layers<256, 8>();
  add_layer<nn::LeakyReLU<>, Shape<256, 8, 8>>("leaky_relu", {2, 3});
  add_layer<nn::LeakyReLU<>, Shape<512, 4, 4>>("leaky_relu", {2, 3});
  add_layer<nn::Upsample, Shape<64, 32, 32>>("upsample", {5, 5});
  add_layer<nn::Tanh, Shape<3, 64, 64>>("tanh", {2, 3});
  return true;
}();
}  // namespace
