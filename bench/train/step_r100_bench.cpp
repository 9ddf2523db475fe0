#include "train/step.hpp"

namespace {
bool const added = [] {
  berl::bench::add_step<berl::networks::IResNet100>("r100", 4, 3);
  return true;
}();
}  // namespace
