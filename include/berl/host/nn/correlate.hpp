#pragma once
#include <berl/core/arena.hpp>    // Scope
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/simd.hpp>     // Vector

#include <algorithm>  // min, max, fill

/// Convolution on the host, without a matrix of columns. A picture is copied once into a frame with its zero padding
/// (and, for a stride, into one frame for each phase of the stride). Counted along the rows of that frame, output pixel
/// j of a filter tap is at j plus a constant, so a tile of tile_rows output channels by three vectors of pixels reads
/// its input where it lies. Pixels that fall into the padding between two rows are computed and dropped.
/// A transposed convolution is one such correlation for each phase of its output.
namespace berl::host {
/// One convolution: C x H x W to M x OH x OW; or, transposed, its adjoint's shapes: C x H x W is what goes in.
struct Convolution {
  int C, H, W, M, OH, OW, K, S, P;
  bool transposed;  // weights lie as (M, C, K, K), or (C, M, K, K) where in and out change places
};

namespace detail {
inline constexpr int most_taps = 64;

/// The input frames: how many, their size, and where a pixel goes.
struct Frame {
  int phases, rows, cols, before;  // along one axis there are `phases`, each rows (cols) long; `before` is the zero padding
  constexpr std::ptrdiff_t plane() const { return static_cast<std::ptrdiff_t>(rows) * cols; }
};
/// The part of the output that one set of taps gives: pixels (first + step y, first + step x).
struct Taps {
  int count = 0, row = 0, col = 0, rows = 0, cols = 0;
  int weight[most_taps] = {};             // which of the K x K
  std::ptrdiff_t offset[most_taps] = {};  // in the frame
};

constexpr int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

constexpr Frame frame_of(Convolution const& g) {
  if (!g.transposed) return {g.S, g.OH - 1 + (g.K - 1) / g.S + 1, g.OW - 1 + (g.K - 1) / g.S + 1, g.P};
  int const before = std::max(0, -floor_div(g.P - g.K + 1, g.S));
  int const after = floor_div(g.S - 1 + g.P, g.S);
  return {1, (g.OH + g.S - 1) / g.S + before + after, (g.OW + g.S - 1) / g.S + before + after, before};
}
constexpr Taps taps_of(Convolution const& g, Frame const& f, int row, int col) {
  Taps t;
  t.row = row;
  t.col = col;
  if (!g.transposed) {
    t.rows = g.OH;
    t.cols = g.OW;
    for (int ky = 0; ky < g.K; ++ky)
      for (int kx = 0; kx < g.K; ++kx) {
        t.weight[t.count] = ky * g.K + kx;
        int const phase = (ky % g.S) * g.S + kx % g.S;
        t.offset[t.count++] = phase * g.C * f.plane() + static_cast<std::ptrdiff_t>(ky / g.S) * f.cols + kx / g.S;
      }
  } else {
    t.rows = (g.OH - row + g.S - 1) / g.S;
    t.cols = (g.OW - col + g.S - 1) / g.S;
    for (int ky = 0; ky < g.K; ++ky)
      for (int kx = 0; kx < g.K; ++kx)
        if ((row + g.P - ky) % g.S == 0 && (col + g.P - kx) % g.S == 0) {
          t.weight[t.count] = ky * g.K + kx;
          t.offset[t.count++] = static_cast<std::ptrdiff_t>((row + g.P - ky) / g.S + f.before) * f.cols + (col + g.P - kx) / g.S + f.before;
        }
  }
  return t;
}
/// Room behind the last frame for a tile that reaches beyond it.
template <class T>
inline constexpr int overhang = 4 * lanes_of<T>;

template <class T>
constexpr std::size_t frame_elements(Convolution const& g) {
  Frame const f = frame_of(g);
  return static_cast<std::size_t>(f.phases) * static_cast<std::size_t>(f.phases) * static_cast<std::size_t>(g.C) *
             static_cast<std::size_t>(f.plane()) +
         overhang<T>;
}

/// Copies channels [first, last) of one picture into their frames; `channels` is how many planes a phase has there.
template <class T>
void fill_frame(Convolution const& g, Frame const& f, T const* x, int first, int last, int channels, T* frames) {
  for (int a = 0; a < f.phases; ++a)
    for (int b = 0; b < f.phases; ++b)
      for (int c = first; c < last; ++c) {
        T* const to = frames + ((a * f.phases + b) * static_cast<std::ptrdiff_t>(channels) + (c - first)) * f.plane();
        T const* const from = x + static_cast<std::ptrdiff_t>(c) * g.H * g.W;
        for (int y = 0; y < f.rows; ++y) {
          T* const row = to + static_cast<std::ptrdiff_t>(y) * f.cols;
          int const v = y * f.phases + a - f.before;
          if (v < 0 || v >= g.H) {
            std::fill_n(row, f.cols, T(0));
            continue;
          }
          // columns with 0 <= x phases + b - before < W
          int const low = std::min(f.cols, std::max(0, -floor_div(b - f.before, f.phases)));
          int const high = std::max(low, std::min(f.cols, floor_div(g.W - 1 - b + f.before, f.phases) + 1));
          std::fill_n(row, low, T(0));
          T const* const source = from + static_cast<std::ptrdiff_t>(v) * g.W + (b - f.before);
          if (f.phases == 1)
            std::copy(source + low, source + high, row + low);
          else
            for (int u = low; u < high; ++u) row[u] = source[u * f.phases];
          std::fill_n(row + high, f.cols - high, T(0));
        }
      }
}

/// Terms that are summed one after the other before they join a total. Fewer in a row lose fewer bits: a sum of 512 x 9 terms
/// taken in parts has a third of the rounding error of the plain one.
inline constexpr int terms_in_a_row = 128;

/// tile[m][j] = sum over taps and channels of weights[...][m] frame[... + j]
template <class T, int Columns>
inline void correlate_tile(T const* weights, T const* frame, Taps const& taps, int channels, std::ptrdiff_t plane, T* tile) {
  using V = Vector<T>;
  constexpr int R = tile_rows, L = lanes_of<T>;
  int const together = std::max(1, terms_in_a_row / channels);  // taps whose terms are summed in a row
  for (int first = 0; first == 0 || first < taps.count; first += together) {
    V acc[R][Columns] = {};
    for (int t = first; t < std::min(taps.count, first + together); ++t) {
      T const* x = frame + taps.offset[t];
      for (int c = 0; c < channels; ++c) {
        V v[Columns];
        for (int k = 0; k < Columns; ++k) load<T>(v[k], x + k * L);
        for (int m = 0; m < R; ++m)
          for (int k = 0; k < Columns; ++k) acc[m][k] += weights[m] * v[k];
        weights += R;
        x += plane;
      }
    }
    for (int m = 0; m < R; ++m)
      for (int k = 0; k < Columns; ++k) {
        T* const to = tile + (m * 3 + k) * L;
        if (first > 0) {
          V total;
          load<T>(total, to);
          acc[m][k] += total;
        }
        store<T>(to, acc[m][k]);
      }
  }
}

/// Weights in the order in which tiles read them: [M / rows][tap][C][rows], zeros for channels beyond M.
template <class T>
void pack_weights(Context<Host> const& ctx, Convolution const& g, Taps const& taps, T const* weights, T* packed) {
  constexpr int R = tile_rows;
  int const groups = (g.M + R - 1) / R, KK = g.K * g.K;
  parallel_for(ctx, groups, [&](std::ptrdiff_t i) {
    T* to = packed + i * taps.count * g.C * R;
    for (int t = 0; t < taps.count; ++t)
      for (int c = 0; c < g.C; ++c)
        for (int r = 0; r < R; ++r) {
          std::ptrdiff_t const m = i * R + r;
          std::ptrdiff_t const pair = g.transposed ? c * static_cast<std::ptrdiff_t>(g.M) + m : m * g.C + c;
          *to++ = m < g.M ? weights[pair * KK + taps.weight[t]] : T(0);
        }
  });
}

/// Where a picture's results go: bias added, onto `base` where there is one.
template <class T>
struct Target {
  T* y;
  T const* base;
  T const* bias;
};

/// One group of output channels of one tile of pixels [j, j + 3 lanes).
template <class T>
void correlate_block(Convolution const& g, Frame const& f, Taps const& taps, T const* packed, T const* frames, int group, int j, int end, Target<T> const& to) {
  constexpr int R = tile_rows, L = lanes_of<T>;
  alignas(64) T tile[R * 3 * L];
  T const* const weights = packed + static_cast<std::ptrdiff_t>(group) * taps.count * g.C * R;
  int const n = std::min(3 * L, end - j);
  if (n > 2 * L)
    correlate_tile<T, 3>(weights, frames + j, taps, g.C, f.plane(), tile);
  else if (n > L)
    correlate_tile<T, 2>(weights, frames + j, taps, g.C, f.plane(), tile);
  else
    correlate_tile<T, 1>(weights, frames + j, taps, g.C, f.plane(), tile);
  int const step = g.transposed ? g.S : 1;
  for (int first = 0; first < n;) {
    int const row = (j + first) / f.cols, col = (j + first) % f.cols;
    int const count = std::min(n - first, f.cols - col);
    int const wanted = std::min(count, taps.cols - col);
    if (wanted > 0)
      for (int r = 0; r < R; ++r) {
        int const m = group * R + r;
        if (m >= g.M) break;
        T const bias = to.bias ? to.bias[m] : T(0);
        std::ptrdiff_t const at = (static_cast<std::ptrdiff_t>(m) * g.OH + row * step + taps.row) * g.OW + col * step + taps.col;
        T const* const from = tile + r * 3 * L + first;
        if (to.base)
          for (int k = 0; k < wanted; ++k) to.y[at + k * step] = to.base[at + k * step] + (from[k] + bias);
        else if (step == 1)
          for (int k = 0; k < wanted; ++k) to.y[at + k] = from[k] + bias;
        else
          for (int k = 0; k < wanted; ++k) to.y[at + k * step] = from[k] + bias;
      }
    first += count;
  }
}
}  // namespace detail

/// Bytes of scratch that correlate takes.
template <class T>
constexpr std::size_t correlate_scratch(Convolution const& g, int batch, int threads) {
  std::size_t const frames = static_cast<std::size_t>(std::max(1, std::min(batch, threads)));
  std::size_t const groups = static_cast<std::size_t>((g.M + tile_rows - 1) / tile_rows);
  return sizeof(T) * (frames * padded<T>(detail::frame_elements<T>(g)) +
                      padded<T>(groups * tile_rows * static_cast<std::size_t>(g.C) * static_cast<std::size_t>(g.K * g.K)));
}

/// y[n] = base[n] + bias + weights * x[n] for a batch; base and bias may be null. base may be y.
template <class T>
void correlate(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y) {
  using namespace detail;
  constexpr int R = tile_rows, L3 = 3 * lanes_of<T>;
  Scope const scope(ctx.scratch);
  Frame const f = frame_of(g);
  int const groups = (g.M + R - 1) / R, phases = g.transposed ? g.S : 1;
  std::size_t const size = padded<T>(frame_elements<T>(g));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;
  int const workers = std::max(1, std::min(batch, ctx.threads));
  T* const frames = ctx.scratch.take<T>(size * static_cast<std::size_t>(workers));
  T* const packed = ctx.scratch.take<T>(static_cast<std::size_t>(groups * R) * static_cast<std::size_t>(g.C) * static_cast<std::size_t>(g.K * g.K));
  for (int w = 0; w < workers; ++w) std::fill_n(frames + (static_cast<std::size_t>(w) + 1) * size - overhang<T>, overhang<T>, T(0));

  Taps parts[16];
  T* sets[16];
  T* at = packed;
  for (int i = 0; i < phases * phases; ++i) {
    parts[i] = taps_of(g, f, i / phases, i % phases);
    sets[i] = at;
    pack_weights(ctx, g, parts[i], weights, at);
    at += static_cast<std::ptrdiff_t>(groups) * R * parts[i].count * g.C;
  }
  // Where the weights are many they are read once per picture, else the pixels are.
  bool const channels_outside = sizeof(T) * static_cast<std::size_t>(groups * R) * static_cast<std::size_t>(g.C * g.K * g.K) > 512 * KiB;
  auto const part = [&](int i, T const* own, Target<T> const& to, int piece, int pieces) {
    int const end = (parts[i].rows - 1) * f.cols + parts[i].cols, tiles = (end + L3 - 1) / L3;
    int const blocks = tiles * groups;
    for (int k = piece * blocks / pieces; k < (piece + 1) * blocks / pieces; ++k) {
      int const group = channels_outside ? k / tiles : k % groups, tile = channels_outside ? k % tiles : k / groups;
      correlate_block(g, f, parts[i], sets[i], own, group, tile * L3, end, to);
    }
  };
  auto const target = [&](int n) { return Target<T>{y + n * out, base ? base + n * out : nullptr, bias}; };
  if (batch >= ctx.threads) {
    parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
      T* const own = frames + static_cast<std::size_t>(w) * size;
      for (auto n = static_cast<int>(w * batch / workers); n < static_cast<int>((w + 1) * batch / workers); ++n) {
        fill_frame(g, f, x + n * in, 0, g.C, g.C, own);
        for (int i = 0; i < phases * phases; ++i) part(i, own, target(n), 0, 1);
      }
    });
  } else {  // fewer pictures than threads: all of them at one picture
    for (int n = 0; n < batch; ++n) {
      parallel_for(ctx, g.C, [&](std::ptrdiff_t c) {
        int const from = static_cast<int>(c);
        fill_frame(g, f, x + n * in, from, from + 1, g.C, frames + from * f.plane());  // phases lie C planes apart
      });
      int const pieces = 4 * ctx.threads;
      for (int i = 0; i < phases * phases; ++i)
        parallel_for(ctx, pieces, [&](std::ptrdiff_t piece) { part(i, frames, target(n), static_cast<int>(piece), pieces); });
    }
  }
}
}  // namespace berl::host
