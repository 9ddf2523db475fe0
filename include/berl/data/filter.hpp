#pragma once
#include <berl/io/image.hpp>  // Image

#include <algorithm>  // clamp
#include <cmath>      // floor, sin, lround
#include <cstdint>
#include <numbers>  // pi
#include <vector>

namespace berl::data {
/// The five filters that the low-resolution augmentation draws from (kim2022, AdaFace), as in OpenCV: positions are
/// x = (i + 1/2) scale - 1/2, the border is repeated, and no filter but area widens when it shrinks.
enum class Filter { nearest, linear, area, cubic, lanczos4 };

namespace detail {
/// Weights over the inputs first, first + 1, ... (repeated at the border).
struct FilterTaps {
  int first = 0;
  std::vector<double> weights;
};

inline FilterTaps filter_taps(Filter filter, int i, int in, int out) {
  double const scale = double(in) / out, x = (i + 0.5) * scale - 0.5;
  int const left = static_cast<int>(std::floor(x));
  double const f = x - left;
  FilterTaps taps;
  switch (filter) {
    case Filter::nearest: return {std::min(static_cast<int>(i * scale), in - 1), {1.0}};
    case Filter::linear: return {left, {1 - f, f}};
    case Filter::area:
      if (scale > 1) {  // the part of each pixel that lies in [i scale, (i + 1) scale)
        taps.first = static_cast<int>(i * scale);
        for (int j = taps.first; j < in && j < (i + 1) * scale; ++j)
          taps.weights.push_back(std::min(j + 1.0, (i + 1) * scale) - std::max(double(j), i * scale));
      } else {  // enlarging: like nearest, but for the pixels that a border runs through
        int const j = static_cast<int>(std::floor(i * scale));
        double const g = (i + 1) - (j + 1) / scale;
        taps = {j, {1 - (g <= 0 ? 0 : g - std::floor(g)), g <= 0 ? 0 : g - std::floor(g)}};
      }
      break;
    case Filter::cubic: {
      constexpr double a = -0.75;
      auto const near = [](double t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
      auto const far = [](double t) { return ((t - 5) * t + 8) * t * a - 4 * a; };
      taps = {left - 1, {far(1 + f), near(f), near(1 - f), far(2 - f)}};
      break;
    }
    case Filter::lanczos4:
      taps.first = left - 3;
      for (int k = -3; k <= 4; ++k) {
        double const t = std::numbers::pi * (f - k);  // sinc(t) sinc(t / 4)
        taps.weights.push_back(std::abs(t) < 1e-9 ? 1.0 : 4 * std::sin(t) * std::sin(t / 4) / (t * t));
      }
      break;
  }
  double sum = 0;
  for (double const w : taps.weights) sum += w;
  for (double& w : taps.weights) w /= sum;
  return taps;
}
}  // namespace detail

/// The picture in another size, rounded to bytes.
inline io::Image filtered(io::Image const& from, int width, int height, Filter filter) {
  auto const channels = static_cast<std::size_t>(from.channels), in_width = static_cast<std::size_t>(from.width);
  auto const out_width = static_cast<std::size_t>(width);
  std::vector<double> lines(static_cast<std::size_t>(from.height) * out_width * channels);  // every row in its new width
  for (int u = 0; u < width; ++u) {
    auto const taps = detail::filter_taps(filter, u, from.width, width);
    for (std::size_t v = 0; v < static_cast<std::size_t>(from.height); ++v)
      for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (int k = 0; k < static_cast<int>(taps.weights.size()); ++k) {
          auto const column = static_cast<std::size_t>(std::clamp(taps.first + k, 0, from.width - 1));
          sum += taps.weights[static_cast<std::size_t>(k)] * from.pixels[(v * in_width + column) * channels + c];
        }
        lines[(v * out_width + static_cast<std::size_t>(u)) * channels + c] = sum;
      }
  }
  io::Image to;
  to.width = width, to.height = height, to.channels = from.channels;
  to.pixels.resize(out_width * static_cast<std::size_t>(height) * channels);
  for (int v = 0; v < height; ++v) {
    auto const taps = detail::filter_taps(filter, v, from.height, height);
    for (std::size_t x = 0; x < out_width * channels; ++x) {
      double sum = 0;
      for (int k = 0; k < static_cast<int>(taps.weights.size()); ++k) {
        auto const row = static_cast<std::size_t>(std::clamp(taps.first + k, 0, from.height - 1));
        sum += taps.weights[static_cast<std::size_t>(k)] * lines[row * out_width * channels + x];
      }
      to.pixels[static_cast<std::size_t>(v) * out_width * channels + x] =
          static_cast<std::uint8_t>(std::lround(std::clamp(sum, 0.0, 255.0)));
    }
  }
  return to;
}
}  // namespace berl::data
