#include "train/step.hpp"

namespace {
bool const added = [] {
  berl::bench::add_step<berl::networks::IResNet18>("r18", 16, 5);
  return true;
}();
}  // namespace
