#pragma once
#include <berl/cuda/train/machine.hpp>  // Trainer<Model, Cuda>

#include "../backbones.hpp"
#include "../run.hpp"  // run

/// The head of these settings, with its kernels. Each is defined in a unit of its own.
///   errors  Error: as losses::make_head_on_gpu
void choose_head_on_gpu(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<128>>& head);
void choose_head_on_gpu(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<512>>& head);

using TrainOnGpu = berl::train::Outcome (*)(AnyDataset const& pictures, berl::train::SessionOptions const& options);
extern TrainOnGpu const r18_quarter_on_gpu, r18_on_gpu, r50_on_gpu, r100_on_gpu, unsup3d_quarter_on_gpu;

namespace instance {
template <class Backbone>
berl::train::Outcome train_on_gpu(AnyDataset const& pictures, berl::train::SessionOptions const& options) {
  using Model = instance::Model<Backbone>;
  typename Model::Head head;
  choose_head_on_gpu(options.config.head, head);
  return run<Model, berl::Cuda>(pictures, options, head);
}
}  // namespace instance
