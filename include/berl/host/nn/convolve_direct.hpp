#pragma once
#include <berl/core/arena.hpp>           // Scope, padded
#include <berl/core/threads.hpp>         // parallel_for
#include <berl/host/nn/convolution.hpp>  // Convolution, Target
#include <berl/host/nn/frame.hpp>        // Frame, Taps
#include <berl/host/nn/runs_left.hpp>    // RunReader, RunsLeft
#include <berl/host/nn/sharing.hpp>      // Sharing
#include <berl/host/nn/tile.hpp>         // convolve_tiles

/// Convolution on the host, directly from maps whose channels lie in blocks (core/shape.hpp): pictures are copied into frames, and tiles
/// of pixels by output channels sum all taps of all inputs. A transposed convolution is one such correlation for each phase of its output.
namespace berl::host {
namespace detail {
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
  for (int c = 0; c < g.C; ++c) {
    if (g.transposed && c + 2 < g.C)  // what comes next lies pages away
      for (int k = 0; k < count * output; k += 64 / static_cast<int>(sizeof(T)))
        __builtin_prefetch(weights + (c + 2) * channel + first * output + k);
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
}

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
/// Rows [first, last) of one group of output channels of one picture, whose frames begin with row `top`.
template <class T>
void convolve_rows(Convolution const& g, Frame const& f, Taps const& taps, T const* packed, T const* frames, int top, int group, int first,
                   int last, Target<T> const& to) {
  constexpr int most = 8, size_of_sums = tile_pixels * group_channels<T>;  // tiles at a time
  alignas(64) T sums[most * size_of_sums];
  struct Place {
    int row, col;
  } places[most];
  Tile<T> tiles[most];
  int count = 0;
  std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(f.cols) * f.block;
  auto const flush = [&] {
    convolve_tiles({packed, nullptr, taps.offset, taps.count, f.blocks, line, f.plane()}, f.block, vectors_of<T>(g.M, group), tiles, count);
    for (int k = 0; k < count; ++k) store_tile(g, taps, group, tiles[k].size, places[k].row, places[k].col, tiles[k].sums, to);
    count = 0;
  };
  for (int col = 0; first < last && col < taps.cols;) {
    int width = 0;
    for (int row = first; row < last;) {
      TileSize const size = tile_for(last - row, taps.cols - col);
      places[count] = {row, col};
      tiles[count] = {size, frames + (row - top) * line + static_cast<std::ptrdiff_t>(col) * f.block, sums + count * size_of_sums};
      if (++count == most) flush();
      row += size.rows;
      width = size.cols;
    }
    col += width;
  }
  flush();
}
}  // namespace detail

/// Bytes of scratch that convolve_direct takes for a batch, or a smaller one.
template <class T>
constexpr std::size_t convolve_direct_scratch(Convolution const& g, int batch, int threads) {
  using namespace detail;
  std::size_t const packed = static_cast<std::size_t>(groups_of<T>(g.M)) * weights_of_group<T>(g);
  std::size_t const frames = is_frame(g, frame_of(g)) ? 0 : most_frames<T>(g, batch, threads);
  return sizeof(T) * (frames + padded<T>(packed)) + RunsLeft::bytes(batch, g.M);
}

/// y[n] = base[n] + bias + weights * x[n] for a batch; base and bias may be null. base may be y.
template <class T>
void convolve_direct(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y,
                     RunReader const& reader = {}) {
  using namespace detail;
  if (batch == 0) return;
  Scope const scope(ctx.scratch);
  Sharing const share = sharing_of<T>(g, batch, ctx.threads);
  bool const in_place = is_frame(g, frame_of(g));
  Frame const f = in_place ? frame_of(g) : frame_of(g, share.rows);
  int const groups = groups_of<T>(g.M), phases = g.transposed ? g.S : 1, sets = phases * phases;
  std::size_t const size = padded<T>(static_cast<std::size_t>(f.size()));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;

  Taps taps[16];
  std::ptrdiff_t before[16], all = 0;  // taps before those of a set
  for (int i = 0; i < sets; ++i) {
    taps[i] = taps_of(g, f, i / phases, i % phases);
    before[i] = all;
    all += taps[i].count;
  }
  std::size_t const group_size = weights_of_group<T>(g);
  /// The weights of a set of taps, at its place among those of its group.
  auto const pack = [&](int group, int set, T* packed) {
    pack_weights(g, taps[set], group, weights, packed + before[set] * g.C * group_channels<T>);
  };
  RunsLeft const left(ctx, batch, g.M, g.OH * g.OW, reader);
  /// A band of picture n, whose frames are the k-th.
  auto const convolve_band = [&](int group, T const* packed, T const* frames, int k, int band, std::ptrdiff_t n) {
    int const first = band * share.rows, top = in_place ? 0 : first;
    T const* const from = in_place ? x + n * in : frames + static_cast<std::size_t>(k) * size;
    int pixels = 0;
    for (int i = 0; i < sets; ++i) {
      int const last = std::min(first + share.rows, taps[i].rows);
      convolve_rows(g, f, taps[i], packed + before[i] * g.C * group_channels<T>, from, top, group, first, last,
                    {y + n * out, base ? base + n * out : nullptr, bias});
      pixels += (last - first) * taps[i].cols;
    }
    left.less(n, group * group_channels<T>, std::min((group + 1) * group_channels<T>, g.M), pixels);
  };
  T* const packed = ctx.scratch.take<T>(static_cast<std::size_t>(groups) * group_size);
  if (share.by_groups) {
    int const pictures = pictures_together<T>(g, batch), workers = std::min(ctx.threads, groups);
    T* const frames = in_place ? nullptr : ctx.scratch.take<T>(size * static_cast<std::size_t>(pictures));
    for (int n0 = 0; n0 < batch; n0 += pictures) {
      int const count = std::min(pictures, batch - n0);
      if (!in_place)
        parallel_for(ctx, static_cast<std::ptrdiff_t>(count) * f.blocks, [&](std::ptrdiff_t i) {
          fill_frame(g, f, x + (n0 + i / f.blocks) * in, static_cast<int>(i % f.blocks),
                     frames + static_cast<std::size_t>(i / f.blocks) * size);
        });
      parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
        auto const begin = static_cast<int>(w * groups / workers), end = static_cast<int>((w + 1) * groups / workers);
        T* const mine = packed + static_cast<std::size_t>(begin) * group_size;
        for (int g0 = begin; g0 < end; g0 += share.together) {
          int const few = std::min(share.together, end - g0);
          for (int k = 0; k < few; ++k)
            for (int set = 0; set < sets; ++set) pack(g0 + k, set, mine + static_cast<std::size_t>(k) * group_size);
          for (int n = 0; n < count; ++n)
            for (int k = 0; k < few; ++k) convolve_band(g0 + k, mine + static_cast<std::size_t>(k) * group_size, frames, n, 0, n0 + n);
        }
      });
    }
    return;
  }
  parallel_for(ctx, static_cast<std::ptrdiff_t>(groups) * sets, [&](std::ptrdiff_t i) {
    auto const group = static_cast<int>(i) / sets;
    pack(group, static_cast<int>(i) % sets, packed + static_cast<std::size_t>(group) * group_size);
  });
  int const all_bands = batch * share.bands, workers = std::min(ctx.threads, all_bands);
  T* const frames = in_place ? nullptr : ctx.scratch.take<T>(size * static_cast<std::size_t>(workers * share.together));
  parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
    T* const own = in_place ? nullptr : frames + static_cast<std::size_t>(w * share.together) * size;
    auto const last = static_cast<int>((w + 1) * all_bands / workers);
    for (auto b0 = static_cast<int>(w * all_bands / workers); b0 < last; b0 += share.together) {
      int const few = std::min(share.together, last - b0);
      for (int k = 0; !in_place && k < few; ++k)
        for (int block = 0; block < f.blocks; ++block)
          fill_frame(g, f, x + (b0 + k) / share.bands * in, block, own + static_cast<std::size_t>(k) * size,
                     (b0 + k) % share.bands * share.rows);
      for (int group = 0; group < groups; ++group)
        for (int k = 0; k < few; ++k)
          convolve_band(group, packed + static_cast<std::size_t>(group) * group_size, own, k, (b0 + k) % share.bands,
                        (b0 + k) / share.bands);
    }
  });
}
}  // namespace berl::host
