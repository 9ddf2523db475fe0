#include <berl/nn/linear.hpp>  // Linear

#include "nn/layer.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

/// linear/25088-512/b16/forward and backward: inputs and outputs, batch. The last layer of IResNet.
template <int I, int O>
void add_linear(int batch) {
  using In = Shape<I / 49, 7, 7>;
  using L = nn::Linear<I, O>;
  std::string const name = text("linear/", I, "-", O, "/b", batch, "/");
  double const flops = 2.0 * batch * I * O, weights = 4.0 * I * O, maps = 4.0 * batch * (I + O);
  add(name + "forward", [=](benchmark::State& state) {
    Run<L, In> run(batch, threads_of(state));
    measure(state, {.flops = flops, .bytes = weights + maps}, [&] { run.forward(); });
  });
  add(name + "backward", [=](benchmark::State& state) {  // weights are read, their gradients read and written
    Run<L, In> run(batch, threads_of(state));
    measure(state, {.flops = 2 * flops, .bytes = 3 * weights + 2 * maps}, [&] { run.backward(); });
  });
}

bool const added = [] {
  for (int const batch : {1, 4, 16}) add_linear<25088, 512>(batch);
  return true;
}();
}  // namespace
