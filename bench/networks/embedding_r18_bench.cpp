#include "networks/embedding.hpp"

namespace {
bool const added = [] {
  for (int const batch : {1, 16}) berl::bench::add_embedding<berl::networks::IResNet18>("r18", batch);
  return true;
}();
}  // namespace
