#include "trained.hpp"

namespace berl::test {
Trained trained_by_the_host(SmallOptions<float> const& options, train::Stage stage, int steps) {
  return trained<Host>(options, stage, steps);
}
std::vector<float> embedded_by_the_host(SmallOptions<float> const& options, int n) {
  train::Trainer<SmallModel, Host> trainer(options);
  Tensor<float, Shape<16>> e(n);
  trainer.embed(pictures<float>(n).read(), e.write());
  return {e.span().begin(), e.span().end()};
}
train::Outcome session_on_the_host(train::SessionOptions const& options) {
  Stripes const stripes;
  return train::Session<SmallModel, Stripes>(stripes, options).run();
}
}  // namespace berl::test
