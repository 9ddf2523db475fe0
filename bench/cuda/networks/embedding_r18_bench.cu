#include "cuda/networks/embedding.hpp"

namespace {
bool const added = [] {
  berl::bench::add_embeddings<berl::networks::IResNet18>("r18", 256);
  return true;
}();
}  // namespace
