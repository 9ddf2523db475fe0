#pragma once
#include <algorithm>           // min, max
#include <berl/io/pixels.hpp>  // Image
#include <cmath>               // abs
#include <vector>              // vector

namespace berl::io {
namespace detail {
/// The input pixels of one output position, along one axis, with weights that sum to 1.
struct PixelTaps {
  int first;
  std::vector<float> weights;
};

/// For each output position i, with scale = in / out: taps begin..end-1, tap j with weight(j).
template <class Range, class Weight>
std::vector<PixelTaps> pixel_taps(int in, int out, Range range, Weight weight) {
  double const scale = static_cast<double>(in) / out;
  std::vector<PixelTaps> all;
  for (int i = 0; i < out; ++i) {
    auto const [begin, end] = range(i, scale);
    int const first = std::clamp(begin, 0, in - 1), last = std::clamp(end - 1, first, in - 1);
    std::vector<double> w;
    double sum = 0;
    for (int j = first; j <= last; ++j) sum += w.emplace_back(weight(i, j, scale));
    PixelTaps taps{first, {}};
    for (double const x : w) taps.weights.push_back(static_cast<float>(sum > 0 ? x / sum : 1.0 / static_cast<double>(w.size())));
    all.push_back(std::move(taps));
  }
  return all;
}

/// Across, then down, in float; rounded to bytes once.
inline Image resample(Image const& from, std::vector<PixelTaps> const& across, std::vector<PixelTaps> const& down) {
  Image to = blank(static_cast<int>(across.size()), static_cast<int>(down.size()), from.channels);
  auto const channels = static_cast<std::size_t>(from.channels);
  std::size_t const stride_in = static_cast<std::size_t>(from.width) * channels, stride_out = across.size() * channels;
  std::vector<float> rows(static_cast<std::size_t>(from.height) * stride_out), line(stride_out);
  for (std::size_t v = 0; v < static_cast<std::size_t>(from.height); ++v) {
    for (std::size_t u = 0; u < across.size(); ++u) {
      for (std::size_t c = 0; c < channels; ++c) {
        std::uint8_t const* pixel = from.pixels.data() + v * stride_in + static_cast<std::size_t>(across[u].first) * channels + c;
        float sum = 0;
        for (float const w : across[u].weights) sum += w * static_cast<float>(*pixel), pixel += channels;
        rows[v * stride_out + u * channels + c] = sum;
      }
    }
  }
  for (std::size_t v = 0; v < down.size(); ++v) {
    std::fill(line.begin(), line.end(), 0.5f);  // to round
    for (std::size_t k = 0; k < down[v].weights.size(); ++k) {
      float const* const row = rows.data() + (static_cast<std::size_t>(down[v].first) + k) * stride_out;
      for (std::size_t i = 0; i < stride_out; ++i) line[i] += down[v].weights[k] * row[i];
    }
    for (std::size_t i = 0; i < stride_out; ++i)
      to.pixels[v * stride_out + i] = static_cast<std::uint8_t>(std::clamp(line[i], 0.0f, 255.0f));
  }
  return to;
}
}  // namespace detail

/// The mean over the box [i k, (i + 1) k) that an output pixel covers, k = in / out.
inline Image resize_area(Image const& image, int width, int height) {
  auto const range = [](int i, double k) { return std::pair{static_cast<int>(i * k), static_cast<int>((i + 1) * k) + 1}; };
  auto const weight = [](int i, int j, double k) {
    return std::max(0.0, std::min(j + 1.0, (i + 1) * k) - std::max(static_cast<double>(j), i * k));
  };
  detail::check_size("berl::io::resize_area", static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
  return detail::resample(image, detail::pixel_taps(image.width, width, range, weight),
                          detail::pixel_taps(image.height, height, range, weight));
}

/// Bilinear, antialiased: weight max(0, 1 - |j + 1/2 - c| / s) about c = (i + 1/2) k, s = max(k, 1), normalised.
inline Image resize_bilinear(Image const& image, int width, int height) {
  auto const range = [](int i, double k) {
    double const c = (i + 0.5) * k, s = std::max(k, 1.0);
    return std::pair{static_cast<int>(std::max(c - s + 0.5, 0.0)), static_cast<int>(c + s + 0.5)};
  };
  auto const weight = [](int i, int j, double k) { return std::max(0.0, 1 - std::abs(j + 0.5 - (i + 0.5) * k) / std::max(k, 1.0)); };
  detail::check_size("berl::io::resize_bilinear", static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
  return detail::resample(image, detail::pixel_taps(image.width, width, range, weight),
                          detail::pixel_taps(image.height, height, range, weight));
}
}  // namespace berl::io
