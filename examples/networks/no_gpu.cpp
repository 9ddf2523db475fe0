#include "network.hpp"

namespace {
[[noreturn]] void no_gpu() {
  throw berl::Error("--device", "cuda, in a program that was built without CUDA", "one built with it",
                    "Install the CUDA toolkit with cuDNN, then: cmake --preset cuda && cmake --build --preset cuda --target train embed "
                    "reconstruct verify evaluate shape.");
}
}  // namespace

berl::train::Outcome train_on_gpu(AnyDataset const&, berl::train::SessionOptions const&) { no_gpu(); }
std::unique_ptr<Network> open_on_gpu(berl::io::SafeTensors&&, berl::io::ModelInfo const&, Gpu const&) { no_gpu(); }
