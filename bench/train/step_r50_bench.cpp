#include "train/step.hpp"

namespace {
bool const added = [] {
  berl::bench::add_step<berl::networks::IResNet50>("r50", 8, 3);
  return true;
}();
}  // namespace
