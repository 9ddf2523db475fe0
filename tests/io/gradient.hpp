#pragma once
#include <berl/io/pixels.hpp>

namespace berl::test {
/// A smooth picture with a different course in every channel.
inline io::Image gradient(int width, int height, int channels) {
  io::Image image = io::blank(width, height, channels);
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < width; ++c) {
      for (int k = 0; k < channels; ++k) image.at(r, c, k) = static_cast<std::uint8_t>((3 * r + 5 * c + 60 * k) / 4 % 256);
    }
  }
  return image;
}
}  // namespace berl::test
