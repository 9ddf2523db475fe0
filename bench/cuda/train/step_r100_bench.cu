#include "cuda/train/step.hpp"

namespace {
using namespace berl;
bool const added = [] {
  bench::add_steps<networks::IResNet100>("r100", 128, 10);
  bench::add_steps<networks::IResNet100>("r100", 200, 10, false);  // the paper's batch
  return true;
}();
}  // namespace
