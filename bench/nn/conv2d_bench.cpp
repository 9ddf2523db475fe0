#include "nn/conv2d.hpp"

namespace {
using namespace berl::bench;

/// A stage of IResNet from C channels and Side pixels: its first block, and then the convolution of all others.
template <int C, int M, int Side>
void add_stage() {
  if constexpr (C != M || Side == 112) add_conv2d<C, M, 3, 1, 1, Side>();
  add_conv2d<M, M, 3, 2, 1, Side>();
  add_conv2d<C, M, 1, 2, 0, Side>();
  add_conv2d<M, M, 3, 1, 1, Side / 2>();
}
/// All convolutions of IResNet-100 that differ.
bool const added = [] {
  add_conv2d<3, 64, 3, 1, 1, 112>();
  add_stage<64, 64, 112>();
  add_stage<64, 128, 56>();
  add_stage<128, 256, 28>();
  add_stage<256, 512, 14>();
  return true;
}();
}  // namespace
