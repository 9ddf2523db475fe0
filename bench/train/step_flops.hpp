#pragma once
#include <berl/model.hpp>  // Model, Stage

namespace berl::bench {
/// Products and sums of a step: forward, data and weight gradient of all layers, less what the first layers need not give; and the head.
template <class Model>
double step_flops(int batch, int identities, train::Stage stage) {
  using A = typename Model::Auxiliary;
  constexpr auto stem = static_cast<double>(64 * 112 * 112 * 27);
  constexpr auto first = 2.0 * (nn::HiddenOf<typename nn::layer_of<typename A::View, 0>::layer, Shape<3, A::side, A::side>, 1>::size * 48);
  double macs = 3.0 * static_cast<double>(Model::backbone_macs) - stem + 3.0 * identities * Model::Embedding::size;
  if (stage == train::Stage::joint) macs += 3.0 * static_cast<double>(Model::auxiliary_macs) - first;
  return 2 * macs * batch;
}
}  // namespace berl::bench
