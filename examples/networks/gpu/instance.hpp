#pragma once
#include <berl/cuda/eval/explain.hpp>   // Explainer<Model, Cuda>
#include <berl/cuda/io/face.hpp>        // Face<Backbone, float, Cuda>
#include <berl/cuda/train/machine.hpp>  // Trainer<Model, Cuda>

#include "../backbones.hpp"
#include "../opened.hpp"  // Opened
#include "../run.hpp"     // run

/// The head of these settings, with its kernels. Each is defined in a unit of its own.
///   errors  Error: as losses::make_head_on_gpu
void choose_head_on_gpu(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<128>>& head);
void choose_head_on_gpu(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<512>>& head);

/// A kind of network on a GPU: what train_on_gpu and open_on_gpu do with it.
struct KindOnGpu {
  berl::train::Outcome (*train)(AnyDataset const& pictures, berl::train::SessionOptions const& options);
  std::unique_ptr<Network> (*open)(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, Gpu const& gpu);
};
extern KindOnGpu const r18_quarter_on_gpu, r18_on_gpu, r50_on_gpu, r100_on_gpu, unsup3d_quarter_on_gpu;

/// What a unit of networks/gpu/ compiles, once for each kind of network.
namespace instance {
template <class Backbone>
berl::train::Outcome train_on_gpu(AnyDataset const& pictures, berl::train::SessionOptions const& options) {
  using Model = instance::Model<Backbone>;
  typename Model::Head head;
  choose_head_on_gpu(options.config.head, head);
  return options.precision == berl::Precision::bf16 ? run<Model, berl::Cuda, berl::Bf16>(pictures, options, head)
                                                    : run<Model, berl::Cuda>(pictures, options, head);
}
template <class Backbone>
std::unique_ptr<Network> open_on_gpu(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, Gpu const& gpu) {
  berl::eval::ExplainOptions const options{.batch = 32, .gpu = gpu.number, .precision = gpu.precision};  // as programs read pictures
  if (gpu.precision == berl::Precision::bf16)
    return std::make_unique<Opened<Backbone, berl::Cuda, berl::Bf16>>(std::move(file), info, options);
  return std::make_unique<Opened<Backbone, berl::Cuda>>(std::move(file), info, options);
}
template <class Backbone>
inline constexpr KindOnGpu kind_on_gpu{train_on_gpu<Backbone>, open_on_gpu<Backbone>};
}  // namespace instance
