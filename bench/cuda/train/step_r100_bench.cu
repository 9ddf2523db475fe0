#include "cuda/train/step.hpp"

namespace {
using namespace berl;
bool const added = [] {
  bench::add_step<networks::IResNet100>("r100", 128, 10);
  return true;
}();
}  // namespace
