#pragma once
#include <berl/core/random.hpp>  // Random, Seed
#include <berl/data/filter.hpp>  // filtered
#include <berl/io/image.hpp>     // Image

#include <algorithm>  // swap_ranges, clamp
#include <cmath>      // sqrt, exp, log, lround
#include <cstdint>
#include <span>
#include <utility>  // swap

namespace berl::data {
/// How pictures are varied in training: the probability of each variation, applied in this order. By default half of them are
/// mirrored; the last three are AdaFace's (kim2022), which uses 0.2 for each.
struct Augment {
  double flip = 0.5;          ///< mirrored left to right
  double crop = 0;            ///< black outside of a box, of 0.2 to 1 of the area and an aspect of 3/4 to 4/3
  double low_resolution = 0;  ///< shrunk to 0.2 to 1 of the side and enlarged again, each with a filter of five
  double photometric = 0;     ///< brightness, contrast and saturation times 0.5 to 1.5, in random order
  static constexpr Augment none() { return {0, 0, 0, 0}; }
  static constexpr Augment ada_face() { return {0.5, 0.2, 0.2, 0.2}; }
};

/// Mirrors left to right.
inline void flip(io::Image& picture) {
  auto const width = static_cast<std::size_t>(picture.width), channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t v = 0; v < static_cast<std::size_t>(picture.height); ++v) {
    std::uint8_t* const row = picture.pixels.data() + v * width * channels;
    for (std::size_t u = 0; u < width / 2; ++u)
      std::swap_ranges(row + u * channels, row + (u + 1) * channels, row + (width - 1 - u) * channels);
  }
}

/// Sets all pixels outside of a random box to 0. Ten boxes are tried for one that lies inside; then all stays.
inline void crop(io::Image& picture, Random& random) {
  int const width = picture.width, height = picture.height;
  auto const channels = static_cast<std::size_t>(picture.channels);
  for (int attempt = 0; attempt < 10; ++attempt) {
    double const area = double(width) * height * random.uniform(0.2, 1.0);
    double const aspect = std::exp(random.uniform(std::log(3.0 / 4), std::log(4.0 / 3)));
    int const w = static_cast<int>(std::lround(std::sqrt(area * aspect))), h = static_cast<int>(std::lround(std::sqrt(area / aspect)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    int const top = static_cast<int>(random.below(static_cast<std::uint64_t>(height - h + 1)));
    int const left = static_cast<int>(random.below(static_cast<std::uint64_t>(width - w + 1)));
    std::uint8_t* pixel = picture.pixels.data();
    for (int v = 0; v < height; ++v)
      for (int u = 0; u < width; ++u, pixel += channels)
        if (v < top || v >= top + h || u < left || u >= left + w) std::fill_n(pixel, channels, std::uint8_t{0});
    return;
  }
}

/// Loses detail: shrinks and enlarges.
inline void low_resolution(io::Image& picture, Random& random) {
  double const ratio = random.uniform(0.2, 1.0);
  auto const draw = [&random] { return static_cast<Filter>(random.below(5)); };
  Filter const down = draw(), up = draw();
  int const width = std::max(1, static_cast<int>(ratio * picture.width)), height = std::max(1, static_cast<int>(ratio * picture.height));
  picture = filtered(filtered(picture, width, height, down), picture.width, picture.height, up);
}

namespace detail {
/// from + factor (value - from), as a byte: PIL cuts it to [0, 255] and then drops the fraction.
inline std::uint8_t blend(double from, std::uint8_t value, double factor) {
  return static_cast<std::uint8_t>(std::clamp(from + factor * (value - from), 0.0, 255.0));
}
inline int grey(std::uint8_t const* rgb) { return static_cast<int>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16); }
}  // namespace detail

/// value times factor.
inline void brightness(io::Image& picture, double factor) {
  for (std::uint8_t& value : picture.pixels) value = detail::blend(0, value, factor);
}
/// The distance from the picture's mean grey, times factor; RGB.
inline void contrast(io::Image& picture, double factor) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 2 < picture.pixels.size(); i += 3) sum += static_cast<std::uint64_t>(detail::grey(&picture.pixels[i]));
  double const mean = std::floor(double(sum) / (double(picture.width) * picture.height) + 0.5);
  for (std::uint8_t& value : picture.pixels) value = detail::blend(mean, value, factor);
}
/// The distance from the pixel's own grey, times factor; RGB.
inline void saturation(io::Image& picture, double factor) {
  for (std::size_t i = 0; i + 2 < picture.pixels.size(); i += 3) {
    int const grey = detail::grey(&picture.pixels[i]);
    for (std::size_t c = 0; c < 3; ++c) picture.pixels[i + c] = detail::blend(grey, picture.pixels[i + c], factor);
  }
}

inline void photometric(io::Image& picture, Random& random) {
  int order[3] = {0, 1, 2};
  for (std::size_t n = 3; n > 1; --n) std::swap(order[n - 1], order[random.below(n)]);
  double const factors[3] = {random.uniform(0.5, 1.5), random.uniform(0.5, 1.5), random.uniform(0.5, 1.5)};
  for (int const which : order) {
    if (which == 0) brightness(picture, factors[0]);
    if (which == 1) contrast(picture, factors[1]);
    if (which == 2) saturation(picture, factors[2]);
  }
}

/// Varies an RGB picture as (seed, step, sample) says. Each variation has numbers of its own, so that switching one on does not
/// change the others.
inline void augment(io::Image& picture, Augment const& what, Seed seed, std::uint64_t step, std::uint64_t sample) {
  auto const with = [&](double probability, char const* name, auto const& change) {
    if (probability <= 0) return;
    Random random(named(seed, name), step, sample);
    if (random.chance(probability)) change(random);
  };
  with(what.flip, "flip", [&](Random&) { flip(picture); });
  with(what.crop, "crop", [&](Random& random) { crop(picture, random); });
  with(what.low_resolution, "low_resolution", [&](Random& random) { low_resolution(picture, random); });
  with(what.photometric, "photometric", [&](Random& random) { photometric(picture, random); });
}
}  // namespace berl::data
