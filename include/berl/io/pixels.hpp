#pragma once
#include <berl/core/error.hpp>  // Error
#include <cstddef>              // size_t
#include <cstdint>              // uint8_t
#include <string>               // string
#include <vector>               // vector

namespace berl::io {
/// An 8-bit picture: rows from the top, interleaved, 1 channel (grey) or 3 (red, green, blue).
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  [[nodiscard]] std::uint8_t& at(int row, int column, int channel) { return pixels[index(row, column, channel)]; }
  [[nodiscard]] std::uint8_t at(int row, int column, int channel) const { return pixels[index(row, column, channel)]; }
  bool operator==(Image const&) const = default;

 private:
  [[nodiscard]] std::size_t index(int row, int column, int channel) const {
    return (static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(channel);
  }
};

/// A black picture of that size.
inline Image blank(int width, int height, int channels) {
  return {
      width, height, channels,
      std::vector<std::uint8_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(channels))};
}

/// Grey as three equal channels; colour unchanged.
inline Image to_rgb(Image image) {
  if (image.channels == 3) return image;
  Image rgb = blank(image.width, image.height, 3);
  for (std::size_t i = 0; i < rgb.pixels.size(); ++i) rgb.pixels[i] = image.pixels[i / 3];
  return rgb;
}

/// Bytes to the network's range, grey to three equal channels:  x = (byte - 127.5) / 127.5
/// shapes  planar: (3, H, W)
/// units   x in [-1, 1]
template <class T>
void to_network(Image const& image, T* planar) {
  std::size_t const plane = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  auto const channels = static_cast<std::size_t>(image.channels);
  for (std::size_t c = 0; c < 3; ++c) {
    std::uint8_t const* const from = image.pixels.data() + (channels == 3 ? c : 0);
    for (std::size_t i = 0; i < plane; ++i) planar[c * plane + i] = (static_cast<T>(from[i * channels]) - T(127.5)) / T(127.5);
  }
}

/// The nearest byte to 127.5 x + 127.5, clamped; 0 where x is not a number.
template <class T>
constexpr std::uint8_t to_byte(T x) {
  T const v = x * T(127.5) + T(127.5);
  if (!(v > T(0))) return 0;
  return v >= T(255) ? std::uint8_t{255} : static_cast<std::uint8_t>(v + T(0.5));
}

/// The network's range back to bytes, for display. Clamps.
/// shapes  planar: (channels, H, W), channels 1 or 3
template <class T>
Image to_bytes(T const* planar, int width, int height, int channels = 3) {
  Image image = blank(width, height, channels);
  std::size_t const plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  auto const n = static_cast<std::size_t>(channels);
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t i = 0; i < plane; ++i) image.pixels[i * n + c] = to_byte(planar[c * plane + i]);
  }
  return image;
}

namespace detail {
/// Refuses a size before anything is allocated for it.
inline void check_size(std::string const& where, std::uint64_t width, std::uint64_t height) {
  constexpr std::uint64_t most = 64'000'000;
  if (width > 0 && height > 0 && width <= most && height <= most && width * height <= most) return;
  throw Error(where, "a picture of " + std::to_string(width) + " x " + std::to_string(height) + " pixels", "1 to 64 million pixels",
              "Scale it down, or leave it out.");
}
}  // namespace detail
}  // namespace berl::io
