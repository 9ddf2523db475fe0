#include "network.hpp"

berl::train::Outcome train_on_gpu(AnyDataset const&, berl::train::SessionOptions const&) {
  throw berl::Error("--device", "cuda, in a program that was built without CUDA", "one built with it",
                    "Install the CUDA toolkit with cuDNN, then: cmake --preset cuda && cmake --build --preset cuda --target train.");
}
