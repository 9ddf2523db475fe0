#include "nn/conv2d.hpp"

namespace {
using namespace berl::bench;

/// All convolutions of the view, light, depth and albedo networks that differ.
bool const added = [] {
  add_conv2d<3, 32, 4, 2, 1, 64>();  // view and light
  add_conv2d<32, 64, 4, 2, 1, 32>();
  add_conv2d<64, 128, 4, 2, 1, 16>();
  add_conv2d<128, 256, 4, 2, 1, 8>();
  add_conv2d<256, 256, 4, 1, 0, 4>();
  add_conv2d<256, 6, 1, 1, 0, 1>();
  add_conv2d<256, 4, 1, 1, 0, 1>();
  add_conv2d<256, 256, 4, 2, 2, 14>();  // encoders of depth and albedo
  add_conv2d<256, 512, 4, 2, 1, 8>();
  add_conv2d<512, 256, 4, 1, 0, 4>();
  add_transposed<256, 512, 4, 1, 0, 1>();  // their decoders
  add_conv2d<512, 512, 3, 1, 1, 4>();
  add_transposed<512, 256, 4, 2, 1, 4>();
  add_conv2d<256, 256, 3, 1, 1, 8>();
  add_transposed<256, 128, 4, 2, 1, 8>();
  add_conv2d<128, 128, 3, 1, 1, 16>();
  add_transposed<128, 64, 4, 2, 1, 16>();
  add_conv2d<64, 64, 3, 1, 1, 32>();
  add_conv2d<64, 64, 3, 1, 1, 64>();
  add_conv2d<64, 64, 5, 1, 2, 64>();
  add_conv2d<64, 1, 5, 1, 2, 64>();
  add_conv2d<64, 3, 5, 1, 2, 64>();
  return true;
}();
}  // namespace
