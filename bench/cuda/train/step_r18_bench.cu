#include "cuda/train/step.hpp"

namespace {
using namespace berl;
bool const added = [] {
  bench::add_steps<networks::IResNet18>("r18", 128, 20);
  return true;
}();
}  // namespace
