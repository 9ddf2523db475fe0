#pragma once
#include <berl/host/nn/correlate.hpp>  // Convolution, Frame, Taps

/// The weight gradient of a convolution on the host: dweights[m][c][tap] += sum over pictures and pixels of dy[m] x[c at the
/// tap]. Output channels lie along the vector, so dy is turned pixel by pixel; each x is read once for all of them.
/// Pictures are cut into groups, whose number depends on the shapes alone; their sums are added in order.
namespace berl::host {
namespace detail {
inline constexpr int pairs_per_tile = 12;  // (channel, tap) pairs, with two vectors of output channels each
inline constexpr int channels_per_piece = 32;

/// sums[pair][2 lanes] += dy[pixel][2 lanes] * x[pair at pixel], for the rows [first, last)
template <class T>
inline void gradient_tile(T const* dy, T const* const (&x)[pairs_per_tile], int first, int last, int cols, int pitch, T* sums) {
  using V = Vector<T>;
  constexpr int L = lanes_of<T>;
  V acc[pairs_per_tile][2] = {};
  for (int v = first; v < last; ++v)
    for (int u = 0; u < cols; ++u) {
      V d[2];
      load<T>(d[0], dy);
      load<T>(d[1], dy + L);
      dy += 2 * L;
      std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(v) * pitch + u;
      for (int q = 0; q < pairs_per_tile; ++q) {
        T const xq = x[q][at];
        acc[q][0] += xq * d[0];
        acc[q][1] += xq * d[1];
      }
    }
  for (int q = 0; q < pairs_per_tile; ++q)
    for (int k = 0; k < 2; ++k) {
      V total;
      load<T>(total, sums + (2 * q + k) * L);
      store<T>(sums + (2 * q + k) * L, total + acc[q][k]);
    }
}

/// turned[pixel][0 .. 2 lanes) = dy[first .. first + 2 lanes)[pixel], zeros beyond M
template <class T>
void turn(T const* dy, int first, int M, int pixels, T* turned) {
  constexpr int B = 2 * lanes_of<T>;
  int const count = std::min(B, M - first);
  for (int p0 = 0; p0 < pixels; p0 += 16) {  // 16 pixels at a time stay in the cache
    int const p1 = std::min(pixels, p0 + 16);
    for (int m = 0; m < count; ++m) {
      T const* const from = dy + static_cast<std::ptrdiff_t>(first + m) * pixels;
      for (int p = p0; p < p1; ++p) turned[p * B + m] = from[p];
    }
    for (int p = p0; p < p1; ++p)
      for (int m = count; m < B; ++m) turned[p * B + m] = T(0);
  }
}

struct Pieces {
  int outputs, inputs, groups, pairs;  // pieces of output and input channels, groups of pictures, pairs of one piece (padded)
  constexpr int count() const { return outputs * inputs * groups; }
};
template <class T>
constexpr Pieces pieces_of(Convolution const& g, int batch) {
  Pieces p;
  p.outputs = (g.M + 2 * lanes_of<T> - 1) / (2 * lanes_of<T>);
  p.inputs = (g.C + channels_per_piece - 1) / channels_per_piece;
  p.groups = std::max(1, std::min(batch, 16 / (p.outputs * p.inputs)));
  int const pairs = std::min(g.C, channels_per_piece) * g.K * g.K;
  p.pairs = (pairs + pairs_per_tile - 1) / pairs_per_tile * pairs_per_tile;
  return p;
}
template <class T>
constexpr std::size_t piece_frame(Convolution g) {
  g.C = std::min(g.C, channels_per_piece);
  return padded<T>(frame_elements<T>(g));
}
}  // namespace detail

template <class T>
constexpr std::size_t weight_gradient_scratch(Convolution const& g, int batch, int threads) {
  using namespace detail;
  Pieces const p = pieces_of<T>(g, batch);
  auto const sums = static_cast<std::size_t>(p.count()) * static_cast<std::size_t>(p.pairs) * 2 * lanes_of<T>;
  auto const own = piece_frame<T>(g) + padded<T>(static_cast<std::size_t>(g.OH) * static_cast<std::size_t>(g.OW) * 2 * lanes_of<T>);
  return sizeof(T) * (padded<T>(sums) + own * static_cast<std::size_t>(std::max(1, threads)));
}

/// Adds the gradient of the weights (M, C, K, K) of the direct convolution g.
template <class T>
void weight_gradient(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  using namespace detail;
  constexpr int B = 2 * lanes_of<T>;
  Scope const scope(ctx.scratch);
  Frame const f = frame_of(g);
  Taps const taps = taps_of(g, f, 0, 0);
  Pieces const p = pieces_of<T>(g, batch);
  int const band = std::max(1, 4 * terms_in_a_row / g.OW);
  int const pixels = g.OH * g.OW, workers = std::max(1, std::min(ctx.threads, p.count()));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * pixels;
  std::ptrdiff_t const piece_sums = static_cast<std::ptrdiff_t>(p.pairs) * B;
  std::size_t const frame_size = piece_frame<T>(g), turned_size = padded<T>(static_cast<std::size_t>(pixels) * B);
  T* const sums = ctx.scratch.take<T>(static_cast<std::size_t>(p.count()) * static_cast<std::size_t>(piece_sums));
  T* const own = ctx.scratch.take<T>((frame_size + turned_size) * static_cast<std::size_t>(workers));

  auto const work = [&](int piece, T* frames, T* turned) {
    int const group = piece % p.groups, inputs = piece / p.groups % p.inputs, outputs = piece / p.groups / p.inputs;
    int const first = inputs * channels_per_piece, last = std::min(g.C, first + channels_per_piece), pairs = (last - first) * taps.count;
    // pairs are numbered channel by channel, tap by tap; offsets count with this piece's planes
    Convolution mine = g;
    mine.C = last - first;
    Taps const own_taps = taps_of(mine, f, 0, 0);
    T* const total = sums + piece * piece_sums;
    std::fill_n(total, piece_sums, T(0));
    for (int n = group * batch / p.groups; n < (group + 1) * batch / p.groups; ++n) {
      fill_frame(g, f, x + n * in, first, last, last - first, frames);
      turn(dy + n * out, outputs * B, g.M, pixels, turned);
      for (int q = 0; q < pairs; q += pairs_per_tile) {
        T const* at[pairs_per_tile];
        for (int k = 0; k < pairs_per_tile; ++k) {
          int const pair = std::min(q + k, pairs - 1);
          at[k] = frames + pair / taps.count * f.plane() + own_taps.offset[pair % taps.count];
        }
        for (int v = 0; v < g.OH; v += band)  // in bands, so that not too many terms are summed in a row
          gradient_tile<T>(turned + static_cast<std::ptrdiff_t>(v) * g.OW * B, at, v, std::min(g.OH, v + band), g.OW, f.cols,
                           total + static_cast<std::ptrdiff_t>(q) * B);
      }
    }
  };
  parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
    T* const frames = own + static_cast<std::size_t>(w) * (frame_size + turned_size);
    for (auto piece = static_cast<int>(w * p.count() / workers); piece < static_cast<int>((w + 1) * p.count() / workers); ++piece)
      work(piece, frames, frames + frame_size);
  });

  parallel_for(ctx, g.M, [&](std::ptrdiff_t m) {
    std::ptrdiff_t const outputs = m / B, lane = m % B;
    for (int inputs = 0; inputs < p.inputs; ++inputs) {
      int const first = inputs * channels_per_piece, last = std::min(g.C, first + channels_per_piece);
      T* const to = dweights + (m * g.C + first) * taps.count;
      T const* const from = sums + (outputs * p.inputs + inputs) * p.groups * piece_sums + lane;
      for (int pair = 0; pair < (last - first) * taps.count; ++pair) {
        T total = 0;
        for (int group = 0; group < p.groups; ++group) total += from[group * piece_sums + static_cast<std::ptrdiff_t>(pair) * B];
        to[pair] += total;
      }
    }
  });
}
}  // namespace berl::host
