#pragma once
#include <berl/core/shape.hpp>           // block_of
#include <berl/host/nn/convolution.hpp>  // Convolution

#include <algorithm>  // min, max, fill_n, copy_n
#include <cstddef>    // ptrdiff_t

/// A picture with its zero padding, for a stride once for each of its phases that a tap meets, so that a tap is a constant distance.
namespace berl::host::detail {
inline constexpr int most_taps = 64;

/// The frames of a picture: how many, their size, and where a pixel goes.
struct Frame {
  int step, phases, rows, cols, before;  // along one axis `phases` of `step`, each rows (cols) long; `before` is the zero padding
  int block, blocks;                     // channels come in so many blocks of so many
  constexpr std::ptrdiff_t plane() const { return static_cast<std::ptrdiff_t>(rows) * cols * block; }
  constexpr std::ptrdiff_t size() const { return phases * phases * blocks * plane(); }
};
/// The part of the output that one set of taps gives: pixels (first + step y, first + step x).
struct Taps {
  int count = 0, row = 0, col = 0, rows = 0, cols = 0;
  int weight[most_taps] = {};             // which of the K x K
  std::ptrdiff_t offset[most_taps] = {};  // in the frame
};

constexpr int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// Rows of the output that one set of taps gives, at the most.
constexpr int rows_of(Convolution const& g) { return g.transposed ? (g.OH + g.S - 1) / g.S : g.OH; }

/// The frames for a band of so many rows of each set of taps' output.
constexpr Frame frame_of(Convolution const& g, int rows) {
  int const block = block_of(g.C), blocks = g.C / block;
  if (!g.transposed) return {g.S, std::min(g.S, g.K), rows - 1 + (g.K - 1) / g.S + 1, g.OW - 1 + (g.K - 1) / g.S + 1, g.P, block, blocks};
  int const before = std::max(0, -floor_div(g.P - g.K + 1, g.S));
  int const after = floor_div(g.S - 1 + g.P, g.S);
  return {1, 1, rows + before + after, (g.OW + g.S - 1) / g.S + before + after, before, block, blocks};
}
constexpr Frame frame_of(Convolution const& g) { return frame_of(g, rows_of(g)); }
/// A picture that needs no padding is its own frame.
constexpr bool is_frame(Convolution const& g, Frame const& f) { return f.step == 1 && f.before == 0 && f.rows == g.H && f.cols == g.W; }

constexpr Taps taps_of(Convolution const& g, Frame const& f, int row, int col) {
  Taps t;
  t.row = row;
  t.col = col;
  std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(f.cols) * f.block;
  if (!g.transposed) {
    t.rows = g.OH;
    t.cols = g.OW;
    for (int ky = 0; ky < g.K; ++ky)
      for (int kx = 0; kx < g.K; ++kx) {
        t.weight[t.count] = ky * g.K + kx;
        int const phase = (ky % g.S) * f.phases + kx % g.S;
        t.offset[t.count++] = phase * f.blocks * f.plane() + ky / g.S * line + kx / g.S * f.block;
      }
  } else {
    t.rows = (g.OH - row + g.S - 1) / g.S;
    t.cols = (g.OW - col + g.S - 1) / g.S;
    for (int ky = 0; ky < g.K; ++ky)
      for (int kx = 0; kx < g.K; ++kx)
        if ((row + g.P - ky) % g.S == 0 && (col + g.P - kx) % g.S == 0) {
          t.weight[t.count] = ky * g.K + kx;
          t.offset[t.count++] = ((row + g.P - ky) / g.S + f.before) * line + ((col + g.P - kx) / g.S + f.before) * f.block;
        }
  }
  return t;
}

/// Copies one block of channels, B of them, of one picture into its frames, whose first row is row `first` of those of the whole picture.
template <int B, class T>
void fill_frame_of(Convolution const& g, Frame const& f, T const* x, int block, T* frames, int first) {
  T const* const from = x + static_cast<std::ptrdiff_t>(block) * g.H * g.W * B;
  for (int a = 0; a < f.phases; ++a)
    for (int b = 0; b < f.phases; ++b) {
      T* const to = frames + (static_cast<std::ptrdiff_t>(a * f.phases + b) * f.blocks + block) * f.plane();
      // columns with 0 <= x step + b - before < W
      int const low = std::min(f.cols, std::max(0, -floor_div(b - f.before, f.step)));
      int const high = std::max(low, std::min(f.cols, floor_div(g.W - 1 - b + f.before, f.step) + 1));
      for (int y = 0; y < f.rows; ++y) {
        T* const row = to + static_cast<std::ptrdiff_t>(y) * f.cols * B;
        int const v = (first + y) * f.step + a - f.before;
        if (v < 0 || v >= g.H) {
          std::fill_n(row, f.cols * B, T(0));
          continue;
        }
        std::fill_n(row, low * B, T(0));
        T const* const source = from + (static_cast<std::ptrdiff_t>(v) * g.W + (b - f.before)) * B;
        if (f.step == 1)
          std::copy(source + low * B, source + high * B, row + low * B);
        else
          for (int u = low; u < high; ++u)
            for (int c = 0; c < B; ++c) row[u * B + c] = source[u * f.step * B + c];
        std::fill_n(row + high * B, (f.cols - high) * B, T(0));
      }
    }
}
template <class T>
void fill_frame(Convolution const& g, Frame const& f, T const* x, int block, T* frames, int first = 0) {
  f.block == channel_block ? fill_frame_of<channel_block>(g, f, x, block, frames, first) : fill_frame_of<1>(g, f, x, block, frames, first);
}
}  // namespace berl::host::detail
