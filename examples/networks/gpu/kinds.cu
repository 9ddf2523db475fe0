#include "../network.hpp"  // train_on_gpu, open_on_gpu
#include "instance.hpp"

namespace {
KindOnGpu const& kind_on_gpu(std::string_view name) {
  if (name == "r18-quarter") return r18_quarter_on_gpu;
  if (name == "r18") return r18_on_gpu;
  if (name == "r50") return r50_on_gpu;
  if (name == "r100") return r100_on_gpu;
  if (name == "unsup3d-quarter") return unsup3d_quarter_on_gpu;
  throw berl::Error("network", std::string(name) + " on a GPU", "r18-quarter, r18, r50, r100 or unsup3d-quarter",
                    "Add a unit to examples/networks/gpu.");
}
}  // namespace

berl::train::Outcome train_on_gpu(AnyDataset const& pictures, berl::train::SessionOptions const& options) {
  return kind_on_gpu(options.config.network).train(pictures, options);
}
std::unique_ptr<Network> open_on_gpu(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, Gpu const& gpu) {
  return kind_on_gpu(info.network).open(std::move(file), info, gpu);
}
