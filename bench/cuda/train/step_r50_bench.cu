#include "cuda/train/step.hpp"

namespace {
using namespace berl;
bool const added = [] {
  bench::add_step<networks::IResNet50>("r50", 128, 20);
  return true;
}();
}  // namespace
