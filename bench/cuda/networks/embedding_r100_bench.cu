#include "cuda/networks/embedding.hpp"

namespace {
bool const added = [] {
  berl::bench::add_embeddings<berl::networks::IResNet100>("r100", 256);
  return true;
}();
}  // namespace
