#pragma once
#include <berl/core/shape.hpp>  // channel_block
#include <berl/host/simd.hpp>   // Vector

#include <algorithm>  // min, max
#include <cstddef>    // ptrdiff_t

/// The inner loop of the host's convolutions: a few neighbouring pixels by two vectors of output channels, which stay in registers while
/// all inputs are added to them.
namespace berl::host::detail {
/// Terms that are summed one after the other before they join a total. Fewer in a row lose fewer bits: a sum of 512 x 9 terms
/// taken in parts has a third of the rounding error of the plain one.
inline constexpr int terms_in_a_row = 128;

/// What a tile of R rows by P pixels by Q vectors of output channels is computed from.
template <class T>
struct TileInput {
  T const* weights;               // [block of inputs][tap][channel][Q vectors]
  T const* frame;                 // at the tile's first pixel
  std::ptrdiff_t const* offsets;  // of each tap in the frame
  int taps, blocks;
  std::ptrdiff_t line, plane;  // from one row, and from one block of inputs, to the next
  bool joins = false;          // what is there
};
/// sums[r][p][q] = [sums[r][p][q] +] sum over blocks, taps and channels of weights[...][q] frame[... + r line + p B + channel]
template <class T, int B, int Q, int R, int P>
[[gnu::noinline]] void convolve_tile(TileInput<T> const& in, T* sums) {
  using V = Vector<T>;
  constexpr int L = lanes_of<T>;
  T const* w = in.weights;
  V acc[R][P][Q] = {};
  for (int block = 0; block < in.blocks; ++block)
    for (int t = 0; t < in.taps; ++t) {
      T const* const x = in.frame + block * in.plane + in.offsets[t];
      T const* const x1 = x + in.line;
      for (int i = 0; i < B; ++i) {
        V wv[Q];
#pragma GCC unroll 2
        for (int q = 0; q < Q; ++q) load<T>(wv[q], w + q * L);
        w += Q * L;
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p) {
#pragma GCC unroll 2
          for (int q = 0; q < Q; ++q) acc[0][p][q] += x[p * B + i] * wv[q];
          if constexpr (R > 1)
#pragma GCC unroll 2
            for (int q = 0; q < Q; ++q) acc[R - 1][p][q] += x1[p * B + i] * wv[q];
        }
      }
    }
#pragma GCC unroll 16
  for (int k = 0; k < R * P; ++k)
#pragma GCC unroll 2
    for (int q = 0; q < Q; ++q) {
      V& sum = acc[k / P][k % P][q];
      T* const to = sums + (k * Q + q) * L;
      if (in.joins) {
        V total;
        load<T>(total, to);
        sum += total;
      }
      store<T>(to, sum);
    }
}
template <class T>
using TileFunction = void (*)(TileInput<T> const&, T*);

/// The widest tile that fills the registers with two vectors of output channels for each pixel, beside weights and input.
inline constexpr int tile_pixels = vector_bytes == 64 ? 14 : 6;
struct TileSize {
  int rows, cols;
};
/// The next tile for so many rows and columns that are left. Widths of one network are of few kinds: 14, 28, ... and 8, 16, ...
constexpr TileSize tile_for(int rows, int cols) {
  if constexpr (tile_pixels == 14) {
    if (cols >= 14 && (cols % 14 == 0 || cols % 8 != 0)) return {1, 14};
    if (cols >= 8 && cols != 14) return {1, 8};
  } else {
    if (cols >= 6) return {1, 6};
  }
  constexpr int half = tile_pixels / 2;
  return {std::min(2, rows), cols >= half ? half : half > 4 && cols >= 4 ? 4 : cols >= 2 ? 2 : 1};
}
template <class T, int B, int Q, int R>
TileFunction<T> tile_function(int cols) {
  constexpr int half = tile_pixels / 2;
  if (cols == half) return convolve_tile<T, B, Q, R, half>;
  if constexpr (half > 4)
    if (cols == 4) return convolve_tile<T, B, Q, R, 4>;
  return cols == 2 ? convolve_tile<T, B, Q, R, 2> : convolve_tile<T, B, Q, R, 1>;
}
template <class T, int B, int Q>
TileFunction<T> tile_function(TileSize s) {
  if (s.cols == tile_pixels) return convolve_tile<T, B, Q, 1, tile_pixels>;
  if constexpr (tile_pixels == 14)
    if (s.cols == 8) return convolve_tile<T, B, Q, 1, 8>;
  return s.rows == 1 ? tile_function<T, B, Q, 1>(s.cols) : tile_function<T, B, Q, 2>(s.cols);
}
template <class T>
TileFunction<T> tile_function(int block, int vectors, TileSize s) {
  if (block == channel_block) return vectors == 2 ? tile_function<T, channel_block, 2>(s) : tile_function<T, channel_block, 1>(s);
  return vectors == 2 ? tile_function<T, 1, 2>(s) : tile_function<T, 1, 1>(s);
}

/// A tile of several: its first pixel in the frame, and where its sums go.
template <class T>
struct Tile {
  TileSize size;
  T const* frame;
  T* sums;
};
/// `count` tiles of vectors of outputs, all inputs summed. The weights of so many blocks of inputs as are summed in a row serve all tiles
/// before the next ones are read: they stay in the first cache.
template <class T>
void convolve_tiles(TileInput<T> in, int block, int vectors, Tile<T> const* tiles, int count) {
  int const all = in.blocks, together = std::max(1, terms_in_a_row / std::max(1, in.taps * block));
  T const* const weights = in.weights;
  for (int first = 0; first < all; first += together) {
    in.blocks = std::min(together, all - first);
    in.joins = first > 0;
    in.weights = weights + static_cast<std::ptrdiff_t>(first) * in.taps * block * vectors * lanes_of<T>;
    for (int k = 0; k < count; ++k) {
      in.frame = tiles[k].frame + first * in.plane;
      tile_function<T>(block, vectors, tiles[k].size)(in, tiles[k].sums);
    }
  }
}
}  // namespace berl::host::detail
