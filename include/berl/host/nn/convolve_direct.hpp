#pragma once
#include <berl/core/arena.hpp>           // Scope, padded
#include <berl/core/threads.hpp>         // parallel_for
#include <berl/host/nn/convolution.hpp>  // Convolution, Target
#include <berl/host/nn/frame.hpp>        // Frame, Taps
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
      tiles[count] = {size, frames + row * line + static_cast<std::ptrdiff_t>(col) * f.block, sums + count * size_of_sums};
      if (++count == most) flush();
      row += size.rows;
      width = size.cols;
    }
    col += width;
  }
  flush();
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

/// Bytes of scratch that convolve_direct takes.
template <class T>
constexpr std::size_t convolve_direct_scratch(Convolution const& g, int batch, int threads) {
  detail::Frame const f = detail::frame_of(g);
  detail::Share const share = detail::share_of<T>(g, f, batch, threads);
  std::size_t const frames = detail::is_frame(g, f) ? 0 : static_cast<std::size_t>(share.workers * share.together);
  std::size_t const packed =
      static_cast<std::size_t>(detail::groups_of<T>(g.M) * detail::group_channels<T>) * static_cast<std::size_t>(g.C * g.K * g.K);
  return sizeof(T) * (frames * padded<T>(static_cast<std::size_t>(f.size())) + padded<T>(packed));
}

/// y[n] = base[n] + bias + weights * x[n] for a batch; base and bias may be null. base may be y.
template <class T>
void convolve_direct(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base,
                     T* y) {
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
