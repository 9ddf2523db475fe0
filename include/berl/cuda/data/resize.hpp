#pragma once
#include <berl/core/bf16.hpp>            // number_of
#include <berl/cuda/imaging/pixels.hpp>  // each_pixel
#include <berl/data/resize.hpp>          // Taps

namespace berl::data {
namespace detail {
/// One pixel of resize: the input's rows are weighted first, then its columns.
template <class T, int C, int H, int W, int OutH, int OutW>
struct ResizeOf {
  Read<T, Shape<C, H, W>, Cuda> x;
  Write<T, Shape<C, OutH, OutW>, Cuda> y;
  Taps<H, OutH> rows;
  Taps<W, OutW> columns;

  BERL_FN void operator()(int n, int v, int u) const {
    for (int c = 0; c < C; ++c) {
      T const* const from = x.sample(n) + c * H * W + rows.first[v] * W + columns.first[u];
      number_of<T> sum = 0;
      for (int k = 0; k < columns.count[u]; ++k) {
        number_of<T> line = 0;
        for (int j = 0; j < rows.count[v]; ++j) line += static_cast<number_of<T>>(rows.weight[v][j]) * from[j * W + k];
        sum += static_cast<number_of<T>>(columns.weight[u][k]) * line;
      }
      y.sample(n)[c * OutH * OutW + v * OutW + u] = static_cast<T>(sum);
    }
  }
};
}  // namespace detail

/// resize on the GPU, of maps whose channels are planes. The weights of the taps are among the kernel's arguments.
template <class T, int C, int H, int W, int OutH, int OutW>
void resize(Context<Cuda>& ctx, Resize method, Read<T, Shape<C, H, W>, Cuda> x, Write<T, Shape<C, OutH, OutW>, Cuda> y) {
  static_assert(block_of(C) == 1, "berl::data::resize on CUDA: pictures have planes of 1 or 3 channels.");
  imaging::detail::each_pixel<OutH, OutW>(
      ctx, "berl::data::resize", x.batch(),
      detail::ResizeOf<T, C, H, W, OutH, OutW>{x, y, detail::Taps<H, OutH>(method), detail::Taps<W, OutW>(method)});
}
}  // namespace berl::data
