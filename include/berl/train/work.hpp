#pragma once
#include <berl/train/config.hpp>   // Config
#include <berl/train/options.hpp>  // Stage

#include <span>

/// The work of a training, from which it tells its share of the machine's peak and the time left.
namespace berl::train {
/// Floating-point operations for a picture: two for each multiply-add, and the gradients take twice as many again.
template <class Model>
double image_work(Config const& config, Stage stage) {
  double const trunk = 2.0 * static_cast<double>(Model::trunk_macs), backbone = 2.0 * static_cast<double>(Model::backbone_macs),
               auxiliary = 2.0 * static_cast<double>(Model::auxiliary_macs + (config.confidence ? Model::confidence_macs : 0));
  if (stage == Stage::recognition || (stage == Stage::joint && config.gamma_recon == 0)) return 3 * backbone;
  return stage == Stage::reconstruction ? trunk + 3 * auxiliary : 3 * (backbone + auxiliary);
}
/// Those of all steps to come, where `taken` of this stage's are done and the stages have so many each.
template <class Model>
double work_left(Config const& config, Stage stage, long taken, std::span<long const, 3> steps) {
  double work = 0;
  for (std::size_t k = static_cast<std::size_t>(stage) - 1; k < 3; ++k) {
    work += image_work<Model>(config, static_cast<Stage>(k + 1)) * config.batch * static_cast<double>(steps[k] - taken);
    taken = 0;
  }
  return work;
}
}  // namespace berl::train
