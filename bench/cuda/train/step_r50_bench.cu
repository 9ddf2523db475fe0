#include "cuda/train/step.hpp"

namespace {
using namespace berl;
bool const added = [] {
  bench::add_steps<networks::IResNet50>("r50", 128, 20);
  return true;
}();
}  // namespace
