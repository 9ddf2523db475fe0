#pragma once
#include <berl/core/arena.hpp>    // Scope, padded
#include <berl/core/shape.hpp>    // block_of
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/simd.hpp>     // Vector

#include <algorithm>  // min, max, fill_n, copy_n

/// Convolution on the host, directly from maps whose channels lie in blocks (core/shape.hpp). A picture is copied into a frame with
/// its zero padding, for a stride into one frame for each of its phases; there, a filter tap is a constant distance. A tile is a
/// few neighbouring pixels by two vectors of output channels, which stay in registers while all inputs are added to them.
/// A transposed convolution is one such correlation for each phase of its output.
namespace berl::host {
/// One convolution: C x H x W to M x OH x OW; or, transposed, its adjoint's shapes: C x H x W is what goes in.
struct Convolution {
  int C, H, W, M, OH, OW, K, S, P;
  bool transposed;  // weights lie as (M, C, K, K), or (C, M, K, K) where in and out change places
};

namespace detail {
inline constexpr int most_taps = 64;

/// The frames of a picture: how many, their size, and where a pixel goes.
struct Frame {
  int phases, rows, cols, before;  // along one axis there are `phases`, each rows (cols) long; `before` is the zero padding
  int block, blocks;               // channels come in so many blocks of so many
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

constexpr Frame frame_of(Convolution const& g) {
  int const block = block_of(g.C), blocks = g.C / block;
  if (!g.transposed) return {g.S, g.OH - 1 + (g.K - 1) / g.S + 1, g.OW - 1 + (g.K - 1) / g.S + 1, g.P, block, blocks};
  int const before = std::max(0, -floor_div(g.P - g.K + 1, g.S));
  int const after = floor_div(g.S - 1 + g.P, g.S);
  return {1, (g.OH + g.S - 1) / g.S + before + after, (g.OW + g.S - 1) / g.S + before + after, before, block, blocks};
}
/// A picture that needs no padding is its own frame.
constexpr bool is_frame(Convolution const& g, Frame const& f) { return f.phases == 1 && f.before == 0 && f.rows == g.H && f.cols == g.W; }

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
        int const phase = (ky % g.S) * g.S + kx % g.S;
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

/// Copies one block of channels of one picture into its frames.
template <class T>
void fill_frame(Convolution const& g, Frame const& f, T const* x, int block, T* frames) {
  int const B = f.block;
  T const* const from = x + static_cast<std::ptrdiff_t>(block) * g.H * g.W * B;
  for (int a = 0; a < f.phases; ++a)
    for (int b = 0; b < f.phases; ++b) {
      T* const to = frames + (static_cast<std::ptrdiff_t>(a * f.phases + b) * f.blocks + block) * f.plane();
      // columns with 0 <= x phases + b - before < W
      int const low = std::min(f.cols, std::max(0, -floor_div(b - f.before, f.phases)));
      int const high = std::max(low, std::min(f.cols, floor_div(g.W - 1 - b + f.before, f.phases) + 1));
      for (int y = 0; y < f.rows; ++y) {
        T* const row = to + static_cast<std::ptrdiff_t>(y) * f.cols * B;
        int const v = y * f.phases + a - f.before;
        if (v < 0 || v >= g.H) {
          std::fill_n(row, f.cols * B, T(0));
          continue;
        }
        std::fill_n(row, low * B, T(0));
        T const* const source = from + (static_cast<std::ptrdiff_t>(v) * g.W + (b - f.before)) * B;
        if (f.phases == 1)
          std::copy(source + low * B, source + high * B, row + low * B);
        else
          for (int u = low; u < high; ++u) std::copy_n(source + u * f.phases * B, B, row + u * B);
        std::fill_n(row + high * B, (f.cols - high) * B, T(0));
      }
    }
}

/// Terms that are summed one after the other before they join a total. Fewer in a row lose fewer bits: a sum of 512 x 9 terms
/// taken in parts has a third of the rounding error of the plain one.
inline constexpr int terms_in_a_row = 128;

/// What a tile of R rows by P pixels by Q vectors of output channels is computed from.
template <class T>
struct TileInput {
  T const* weights;  // [block of inputs][tap][channel][Q vectors]
  T const* frame;    // at the tile's first pixel
  Taps const* taps;
  int blocks;
  std::ptrdiff_t line, plane;  // from one row, and from one block of inputs, to the next
};
/// sums[r][p][q] = sum over blocks, taps and channels of weights[...][q] frame[... + r line + p B + channel]
template <class T, int B, int Q, int R, int P>
[[gnu::noinline]] void convolve_tile(TileInput<T> const& in, T* sums) {
  using V = Vector<T>;
  constexpr int L = lanes_of<T>;
  int const taps = in.taps->count, together = std::max(1, terms_in_a_row / std::max(1, taps * B));
  T const* w = in.weights;
  for (int first = 0; first < in.blocks; first += together) {
    V acc[R][P][Q] = {};
    int const last = std::min(in.blocks, first + together);
    for (int block = first; block < last; ++block)
      for (int t = 0; t < taps; ++t) {
        T const* const x = in.frame + block * in.plane + in.taps->offset[t];
        T const* const x1 = x + in.line;
        for (int i = 0; i < B; ++i) {
          V wv[Q];
          for (int q = 0; q < Q; ++q) load<T>(wv[q], w + q * L);
          w += Q * L;
          for (int p = 0; p < P; ++p) {
            for (int q = 0; q < Q; ++q) acc[0][p][q] += x[p * B + i] * wv[q];
            if constexpr (R > 1)
              for (int q = 0; q < Q; ++q) acc[R - 1][p][q] += x1[p * B + i] * wv[q];
          }
        }
      }
    for (int k = 0; k < R * P; ++k)
      for (int q = 0; q < Q; ++q) {
        V& sum = acc[k / P][k % P][q];
        T* const to = sums + (k * Q + q) * L;
        if (first > 0) {
          V total;
          load<T>(total, to);
          sum += total;
        }
        store<T>(to, sum);
      }
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
  return {std::min(2, rows), cols >= half ? half : cols >= 2 ? 2 : 1};
}
template <class T, int B, int Q>
TileFunction<T> tile_function(TileSize s) {
  constexpr int half = tile_pixels / 2;
  if (s.cols == tile_pixels) return convolve_tile<T, B, Q, 1, tile_pixels>;
  if constexpr (tile_pixels == 14)
    if (s.cols == 8) return convolve_tile<T, B, Q, 1, 8>;
  if (s.rows == 1)
    return s.cols == half ? convolve_tile<T, B, Q, 1, half> : s.cols == 2 ? convolve_tile<T, B, Q, 1, 2> : convolve_tile<T, B, Q, 1, 1>;
  return s.cols == half ? convolve_tile<T, B, Q, 2, half> : s.cols == 2 ? convolve_tile<T, B, Q, 2, 2> : convolve_tile<T, B, Q, 2, 1>;
}
template <class T>
TileFunction<T> tile_function(int block, int vectors, TileSize s) {
  if (block == channel_block) return vectors == 2 ? tile_function<T, channel_block, 2>(s) : tile_function<T, channel_block, 1>(s);
  return vectors == 2 ? tile_function<T, 1, 2>(s) : tile_function<T, 1, 1>(s);
}

/// Output channels of one tile, and how many such groups M channels make; the last one may need one vector only.
template <class T>
inline constexpr int group_channels = 2 * lanes_of<T>;
template <class T>
constexpr int groups_of(int M) {
  return (M + group_channels<T> - 1) / group_channels<T>;
}
template <class T>
constexpr int vectors_of(int M, int group) {
  return M - group * group_channels<T> > lanes_of<T> ? 2 : 1;
}

/// Weights in the order in which a group's tiles read them, with zeros for channels beyond M.
template <class T>
void pack_weights(Convolution const& g, Taps const& taps, int group, T const* weights, T* packed) {
  constexpr int L = lanes_of<T>;
  int const B = block_of(g.C), KK = g.K * g.K, lanes = vectors_of<T>(g.M, group) * L;
  int const first = group * group_channels<T>, count = std::min(lanes, g.M - first);
  std::ptrdiff_t const channel = g.transposed ? static_cast<std::ptrdiff_t>(g.M) * KK : KK,
                       output = g.transposed ? KK : static_cast<std::ptrdiff_t>(g.C) * KK;
  auto const to = [&](int c, int t) { return packed + ((static_cast<std::ptrdiff_t>(c / B) * taps.count + t) * B + c % B) * lanes; };
  if (!g.transposed && taps.count == KK && count % L == 0 && g.C * KK % L == 0) {  // a row of outputs at a time, turned
    for (int m = 0; m < count; m += L) {
      T const* const from = weights + (first + m) * output;
      int c = 0, t = 0;
      for (int k = 0; k < g.C * KK; k += L) {
        Vector<T> rows[L];
        for (int l = 0; l < L; ++l) load<T>(rows[l], from + l * output + k);
        transpose<T>(rows);
        for (int l = 0; l < L; ++l) {
          store<T>(to(c, t) + m, rows[l]);
          if (++t == KK) t = 0, ++c;
        }
      }
    }
    return;
  }
  if (count < lanes) std::fill_n(packed, static_cast<std::ptrdiff_t>(g.C) * taps.count * lanes, T(0));
  std::ptrdiff_t const all = static_cast<std::ptrdiff_t>(g.C) * g.M * KK;
  for (int c = 0; c < g.C; ++c)
    for (int m = 0; m < count; m += L) {
      std::ptrdiff_t const from = c * channel + (first + m) * output;
      if (g.transposed && m + L <= count && from + (L - 1) * output + (KK + L - 1) / L * L <= all) {  // the kernels of L outputs, turned
        for (int first_tap = 0; first_tap < KK; first_tap += L) {
          Vector<T> rows[L];
          for (int l = 0; l < L; ++l) load<T>(rows[l], weights + from + l * output + first_tap);
          transpose<T>(rows);
          for (int t = 0; t < taps.count; ++t)
            if (int const k = taps.weight[t] - first_tap; k >= 0 && k < L) store<T>(to(c, t) + m, rows[k]);
        }
        continue;
      }
      for (int l = m; l < std::min(m + L, count); ++l)
        for (int t = 0; t < taps.count; ++t) to(c, t)[l] = weights[from + (l - m) * output + taps.weight[t]];
    }
}

/// Where a picture's results go: bias added, onto `base` where there is one.
template <class T>
struct Target {
  T* y;
  T const* base;
  T const* bias;
};
/// Stores a tile of one group of output channels, whose first pixel is (row, col) of the taps' part of the output.
template <class T>
void store_tile(Convolution const& g, Taps const& taps, int group, TileSize size, int row, int col, T const* sums, Target<T> const& to) {
  constexpr int L = lanes_of<T>;
  int const step = g.transposed ? g.S : 1, vectors = vectors_of<T>(g.M, group);
  std::ptrdiff_t const plane = static_cast<std::ptrdiff_t>(g.OH) * g.OW;
  bool const blocked = block_of(g.M) == channel_block;
  for (int q = 0; q < vectors; ++q) {
    int const m = group * group_channels<T> + q * L;
    Vector<T> bias = {};
    if (to.bias)
      for (int l = 0; l < std::min(L, g.M - m); ++l) bias[l] = to.bias[m + l];
    for (int k = 0; k < size.rows * size.cols; ++k) {
      std::ptrdiff_t const pixel =
          ((row + k / size.cols) * step + taps.row) * static_cast<std::ptrdiff_t>(g.OW) + (col + k % size.cols) * step + taps.col;
      Vector<T> sum;
      load<T>(sum, sums + (k * vectors + q) * L);
      sum += bias;
      if (blocked) {
        std::ptrdiff_t const at = (m / channel_block * plane + pixel) * channel_block + m % channel_block;
        if (to.base) {
          Vector<T> base;
          load<T>(base, to.base + at);
          sum += base;
        }
        store<T>(to.y + at, sum);
      } else {
        for (int l = 0; l < std::min(L, g.M - m); ++l) {
          std::ptrdiff_t const at = (m + l) * plane + pixel;
          to.y[at] = to.base ? to.base[at] + sum[l] : sum[l];
        }
      }
    }
  }
}
/// Rows [first, last) of one group of output channels of one picture.
template <class T>
void convolve_rows(Convolution const& g, Frame const& f, Taps const& taps, T const* packed, T const* frames, int group, int first, int last,
                   Target<T> const& to) {
  alignas(64) T sums[tile_pixels * group_channels<T>];
  std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(f.cols) * f.block;
  TileInput<T> in{packed, frames, &taps, f.blocks, line, f.plane()};
  for (int col = 0; first < last && col < taps.cols;) {
    int width = 0;
    for (int row = first; row < last;) {
      TileSize const size = tile_for(last - row, taps.cols - col);
      in.frame = frames + row * line + static_cast<std::ptrdiff_t>(col) * f.block;
      tile_function<T>(f.block, vectors_of<T>(g.M, group), size)(in, sums);
      store_tile(g, taps, group, size, row, col, sums, to);
      row += size.rows;
      width = size.cols;
    }
    col += width;
  }
}
/// How a batch is shared: with as many pictures as threads, each thread has its own, a few at a time; otherwise all are at each picture.
struct Share {
  int workers, together;  // threads with frames of their own; pictures in frames at a time, for which weights are read once
};
template <class T>
constexpr Share share_of(Convolution const& g, Frame const& f, int batch, int threads) {
  if (batch < threads) return {1, 1};
  int const own = (batch + threads - 1) / threads;
  auto const fit = static_cast<int>(512 * KiB / (sizeof(T) * static_cast<std::size_t>(f.size())));
  return {threads, is_frame(g, f) ? own : std::max(1, std::min(own, fit))};
}
}  // namespace detail

/// Bytes of scratch that convolve takes.
template <class T>
constexpr std::size_t convolve_scratch(Convolution const& g, int batch, int threads) {
  detail::Frame const f = detail::frame_of(g);
  detail::Share const share = detail::share_of<T>(g, f, batch, threads);
  std::size_t const frames = detail::is_frame(g, f) ? 0 : static_cast<std::size_t>(share.workers * share.together);
  std::size_t const packed =
      static_cast<std::size_t>(detail::groups_of<T>(g.M) * detail::group_channels<T>) * static_cast<std::size_t>(g.C * g.K * g.K);
  return sizeof(T) * (frames * padded<T>(static_cast<std::size_t>(f.size())) + padded<T>(packed));
}

/// y[n] = base[n] + bias + weights * x[n] for a batch; base and bias may be null. base may be y.
template <class T>
void convolve(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y) {
  using namespace detail;
  Scope const scope(ctx.scratch);
  Frame const f = frame_of(g);
  bool const in_place = is_frame(g, f);
  int const groups = groups_of<T>(g.M), phases = g.transposed ? g.S : 1, sets = phases * phases;
  Share const share = share_of<T>(g, f, batch, ctx.threads);
  std::size_t const size = padded<T>(static_cast<std::size_t>(f.size()));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;
  T* const frames = in_place ? nullptr : ctx.scratch.take<T>(size * static_cast<std::size_t>(share.workers * share.together));
  T* const packed = ctx.scratch.take<T>(static_cast<std::size_t>(groups * group_channels<T>) * static_cast<std::size_t>(g.C * g.K * g.K));

  Taps taps[16];
  std::ptrdiff_t before[16], all = 0;  // taps before those of a set
  for (int i = 0; i < sets; ++i) {
    taps[i] = taps_of(g, f, i / phases, i % phases);
    before[i] = all;
    all += taps[i].count;
  }
  auto const weights_of = [&](int set, int group) {
    return packed + (before[set] * groups + static_cast<std::ptrdiff_t>(group) * taps[set].count) * g.C * group_channels<T>;
  };
  parallel_for(ctx, static_cast<std::ptrdiff_t>(groups) * sets, [&](std::ptrdiff_t i) {
    auto const group = static_cast<int>(i) / sets, set = static_cast<int>(i) % sets;
    pack_weights(g, taps[set], group, weights, weights_of(set, group));
  });
  auto const target = [&](std::ptrdiff_t n) { return Target<T>{y + n * out, base ? base + n * out : nullptr, bias}; };
  if (batch >= ctx.threads) {
    parallel_for(ctx, share.workers, [&](std::ptrdiff_t w) {
      T* const own = in_place ? nullptr : frames + static_cast<std::size_t>(w * share.together) * size;
      std::ptrdiff_t const last = (w + 1) * batch / share.workers;
      for (std::ptrdiff_t n0 = w * batch / share.workers; n0 < last; n0 += share.together) {
        auto const pictures = std::min<std::ptrdiff_t>(share.together, last - n0);
        for (std::ptrdiff_t k = 0; !in_place && k < pictures; ++k)
          for (int block = 0; block < f.blocks; ++block)
            fill_frame(g, f, x + (n0 + k) * in, block, own + static_cast<std::size_t>(k) * size);
        for (int group = 0; group < groups; ++group)
          for (std::ptrdiff_t k = 0; k < pictures; ++k)
            for (int set = 0; set < sets; ++set)
              convolve_rows(g, f, taps[set], weights_of(set, group),
                            in_place ? x + (n0 + k) * in : own + static_cast<std::size_t>(k) * size, group, 0, taps[set].rows,
                            target(n0 + k));
      }
    });
    return;
  }
  int const bands = std::max(1, std::min(taps[0].rows, 4 * ctx.threads / groups));  // of rows, where there are few groups to share
  for (int n = 0; n < batch; ++n) {
    if (!in_place)
      parallel_for(ctx, f.blocks, [&](std::ptrdiff_t block) { fill_frame(g, f, x + n * in, static_cast<int>(block), frames); });
    parallel_for(ctx, static_cast<std::ptrdiff_t>(groups) * bands, [&](std::ptrdiff_t i) {
      auto const group = static_cast<int>(i / bands), band = static_cast<int>(i % bands);
      for (int set = 0; set < sets; ++set)
        convolve_rows(g, f, taps[set], weights_of(set, group), in_place ? x + n * in : frames, group, taps[set].rows * band / bands,
                      taps[set].rows * (band + 1) / bands, target(n));
    });
  }
}
}  // namespace berl::host
