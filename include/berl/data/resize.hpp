#pragma once
#include <berl/core/threads.hpp>  // parallel_for, Context
#include <berl/core/view.hpp>     // Read, Write

#include <algorithm>  // min, max
#include <cstddef>

namespace berl::data {
/// How a map of another size is made, separably; scale = in / out, i an output position, all in input pixels.
///   bilinear  two taps about (i + 1/2) scale - 1/2, cut at 0: PyTorch's interpolate, align_corners false, no antialias
///   triangle  weights max(0, 1 - |j + 1/2 - centre| / s) about centre = (i + 1/2) scale, s = max(scale, 1), normalised: antialiased
///   area      the mean over [i scale, (i + 1) scale)
enum class Resize { bilinear, triangle, area };

namespace detail {
/// For each of Out positions the first input it takes, how many, and their weights, which sum to 1.
template <int In, int Out>
struct Taps {
  static_assert(In > 0 && Out > 0, "berl::data::resize: sizes must be positive.");
  static constexpr int most = 2 * ((In + Out - 1) / Out) + 2;
  int first[Out]{}, count[Out]{};
  double weight[Out][most]{};

  constexpr explicit Taps(Resize method) {
    constexpr double scale = double{In} / Out;
    for (int i = 0; i < Out; ++i) {
      double const centre = (i + 0.5) * scale;
      if (method == Resize::bilinear) {
        double const x = std::max(0.0, centre - 0.5);
        first[i] = std::min(static_cast<int>(x), In - 1);
        count[i] = first[i] + 1 < In ? 2 : 1;
        double const fraction = count[i] == 2 ? x - first[i] : 0.0;
        weight[i][0] = 1.0 - fraction;
        weight[i][1] = fraction;
        continue;
      }
      double const reach = method == Resize::triangle ? std::max(scale, 1.0) : scale / 2;
      int const begin = method == Resize::triangle ? static_cast<int>(std::max(centre - reach + 0.5, 0.0)) : static_cast<int>(i * scale);
      int const end = method == Resize::triangle ? std::min(static_cast<int>(centre + reach + 0.5), In)
                                                 : std::min(static_cast<int>(centre + reach) + 1, In);
      double sum = 0;
      first[i] = std::min(begin, In - 1);
      for (int j = first[i]; j < std::max(end, first[i] + 1); ++j) {
        double const away = j + 0.5 - centre;
        double const w = method == Resize::triangle ? std::max(0.0, 1.0 - (away < 0 ? -away : away) / reach)
                                                    : std::max(0.0, std::min(j + 1.0, (i + 1) * scale) - std::max(double(j), i * scale));
        weight[i][count[i]++] = w;
        sum += w;
      }
      for (int k = 0; k < count[i]; ++k) weight[i][k] /= sum;
    }
  }
};
}  // namespace detail

/// y = x in another size, channel by channel.
///   shapes  x: (N, C, H, W); y: (N, C, H', W')
///   units   those of x; the weights are not negative, so y stays in the range of x
template <class T, int C, int H, int W, int OutH, int OutW>
void resize(Context<Host> const& ctx, Resize method, Read<T, Shape<C, H, W>, Host> x, Write<T, Shape<C, OutH, OutW>, Host> y) {
  detail::Taps<H, OutH> const rows(method);
  detail::Taps<W, OutW> const columns(method);
  parallel_for(ctx, std::ptrdiff_t{x.batch()} * C, [&](std::ptrdiff_t map) {
    T const* const from = x.data() + map * (H * W);
    T* const to = y.data() + map * (OutH * OutW);
    for (int v = 0; v < OutH; ++v) {
      T line[W]{};  // the input's rows, weighted
      for (int k = 0; k < rows.count[v]; ++k) {
        T const w = static_cast<T>(rows.weight[v][k]);
        T const* const row = from + (rows.first[v] + k) * W;
        for (int u = 0; u < W; ++u) line[u] += w * row[u];
      }
      for (int u = 0; u < OutW; ++u) {
        T sum = 0;
        for (int k = 0; k < columns.count[u]; ++k) sum += static_cast<T>(columns.weight[u][k]) * line[columns.first[u] + k];
        to[v * OutW + u] = sum;
      }
    }
  });
}
}  // namespace berl::data
