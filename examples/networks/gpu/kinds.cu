#include "../network.hpp"  // train_on_gpu
#include "train.hpp"

berl::train::Outcome train_on_gpu(AnyDataset const& pictures, berl::train::SessionOptions const& options) {
  std::string const& name = options.config.network;
  auto const train = name == "r18-quarter"       ? r18_quarter_on_gpu
                     : name == "r18"             ? r18_on_gpu
                     : name == "r50"             ? r50_on_gpu
                     : name == "r100"            ? r100_on_gpu
                     : name == "unsup3d-quarter" ? unsup3d_quarter_on_gpu
                                                 : nullptr;
  if (train == nullptr)
    throw berl::Error("network", name + " on a GPU", "r18-quarter, r18, r50, r100 or unsup3d-quarter",
                      "Add a unit to examples/networks/gpu.");
  return train(pictures, options);
}
