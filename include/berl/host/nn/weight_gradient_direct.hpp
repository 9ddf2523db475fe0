#pragma once
#include <berl/core/arena.hpp>           // Scope, padded
#include <berl/core/threads.hpp>         // parallel_for
#include <berl/host/nn/convolution.hpp>  // Convolution
#include <berl/host/nn/frame.hpp>        // Frame, Taps

/// The weight gradient of a convolution on the host: dweights[m][c][tap] += sum over pictures and pixels of dy[m] x[c at the
/// tap]. Two vectors of output channels by eight inputs stay in registers while the pixels of a few rows pass. Each piece of work owns
/// its weights, so the order of a sum depends on the shapes alone.
namespace berl::host {
namespace detail {
inline constexpr int inputs_per_tile = 8;
/// Pixels that are summed in a row before they join a total.
inline constexpr int pixels_in_a_row = 256;

/// One tile of a weight gradient: rows by cols pixels.
template <class T>
struct GradientInput {
  T const* dy;  // at the first pixel; the second vector of output channels lies `vector` further on
  std::ptrdiff_t vector, dy_step, dy_line;
  std::ptrdiff_t x_step, x_line;
  int rows, cols, pictures;
  std::ptrdiff_t dy_picture, x_picture;
  bool fresh = false;  // nothing is in totals yet
};
/// totals[i][q] += sum over pixels of dy[pixel][q] x[i][pixel], where x(i) is the address of input i at the first pixel
template <class T, int Q, class X>
inline void gradient_tile(GradientInput<T> const& in, X const& x, T* totals) {
  using V = Vector<T>;
  constexpr int L = lanes_of<T>, I = inputs_per_tile;
  V acc[I][Q] = {};
  for (int n = 0; n < in.pictures; ++n)
    for (int v = 0; v < in.rows; ++v) {
      T const* dy = in.dy + n * in.dy_picture + v * in.dy_line;
      std::ptrdiff_t at = n * in.x_picture + v * in.x_line;
      for (int u = 0; u < in.cols; ++u) {
        V d[Q];
#pragma GCC unroll 2
        for (int q = 0; q < Q; ++q) load<T>(d[q], dy + q * in.vector);
#pragma GCC unroll 8
        for (int i = 0; i < I; ++i)
#pragma GCC unroll 2
          for (int q = 0; q < Q; ++q) acc[i][q] += x(i)[at] * d[q];
        dy += in.dy_step;
        at += in.x_step;
      }
    }
#pragma GCC unroll 8
  for (int i = 0; i < I; ++i)
#pragma GCC unroll 2
    for (int q = 0; q < Q; ++q) {
      V total = {};
      if (!in.fresh) load<T>(total, totals + (i * Q + q) * L);
      store<T>(totals + (i * Q + q) * L, total + acc[i][q]);
    }
}
/// Inputs that lie beside one another, as the channels of a block do.
template <class T, int Q>
[[gnu::noinline]] void gradient_of_block(GradientInput<T> const& in, T const* x, T* totals) {
  gradient_tile<T, Q>(
      in, [x](int i) { return x + i; }, totals);
}
/// Inputs that lie anywhere in a frame.
template <class T, int Q>
[[gnu::noinline]] void gradient_of_pairs(GradientInput<T> const& in, T const* const* x, T* totals) {
  gradient_tile<T, Q>(
      in, [x](int i) { return x[i]; }, totals);
}

/// How the work is cut: groups of output channels by pieces of (channel, tap) pairs; a piece is a block of channels, or eight pairs.
struct Pieces {
  int groups, pieces, pairs;  // pairs of one piece
};
template <class T>
constexpr Pieces pieces_of(Convolution const& g) {
  int const KK = g.K * g.K;
  if (block_of(g.C) == channel_block) return {groups_of<T>(g.M), g.C / channel_block, channel_block * KK};
  return {groups_of<T>(g.M), (g.C * KK + inputs_per_tile - 1) / inputs_per_tile, inputs_per_tile};
}
/// Parts of a batch whose sums are kept apart, where there are few pieces to share. What is copied first is not parted.
template <class T>
constexpr int parts_of(Convolution const& g, int batch) {
  Pieces const p = pieces_of<T>(g);
  if (block_of(g.C) == 1 || block_of(g.M) == 1) return 1;
  return std::max(1, std::min(batch, 16 / (p.groups * p.pieces)));
}
/// dy in blocks, where it does not lie so: zeros for channels beyond M.
constexpr std::ptrdiff_t turned_size(Convolution const& g) {
  if (block_of(g.M) == channel_block) return 0;
  return static_cast<std::ptrdiff_t>(g.OH) * g.OW * ((g.M + channel_block - 1) / channel_block * channel_block);
}
template <class T>
void turn(Convolution const& g, T const* dy, int block, T* turned) {
  int const pixels = g.OH * g.OW, first = block * channel_block, count = std::min(channel_block, g.M - first);
  T* const to = turned + static_cast<std::ptrdiff_t>(first) * pixels;
  for (int p = 0; p < pixels; ++p)
    for (int m = 0; m < channel_block; ++m)
      to[p * channel_block + m] = m < count ? dy[static_cast<std::ptrdiff_t>(first + m) * pixels + p] : T(0);
}
}  // namespace detail

template <class T>
constexpr std::size_t weight_gradient_direct_scratch(Convolution const& g, int batch, int threads) {
  using namespace detail;
  int const parts = parts_of<T>(g, batch);
  auto const totals = static_cast<std::size_t>(parts > 1 ? parts * pieces_of<T>(g).groups * pieces_of<T>(g).pieces : std::max(1, threads)),
             pictures = static_cast<std::size_t>(std::max(1, std::min(batch, threads)));
  auto const frame = block_of(g.C) == channel_block ? 0 : static_cast<std::size_t>(frame_of(g).size());
  return sizeof(T) * (totals * padded<T>(static_cast<std::size_t>(pieces_of<T>(g).pairs * group_channels<T>)) +
                      pictures * (padded<T>(frame) + padded<T>(static_cast<std::size_t>(turned_size(g)))));
}

/// Adds the gradient of the weights (M, C, K, K) of the direct convolution g.
template <class T>
void weight_gradient_direct(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  using namespace detail;
  constexpr int L = lanes_of<T>, I = inputs_per_tile;
  Scope const scope(ctx.scratch);
  Frame const f = frame_of(g);
  Taps const taps = taps_of(g, f, 0, 0);
  Pieces const p = pieces_of<T>(g);
  int const B = f.block, KK = g.K * g.K, rows_in_a_row = std::max(1, pixels_in_a_row / g.OW);
  bool const framed = B == 1, turned = turned_size(g) > 0;
  int const count = p.groups * p.pieces, parts = parts_of<T>(g, batch), workers = std::max(1, std::min(ctx.threads, count * parts));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, pixels = static_cast<std::ptrdiff_t>(g.OH) * g.OW;
  std::ptrdiff_t const out = g.M * pixels;
  std::size_t const own = padded<T>(static_cast<std::size_t>(p.pairs * group_channels<T>));
  // What is copied first is copied for a few pictures at a time, and then each picture's sums join dweights.
  int const together = std::max(1, std::min(batch, ctx.threads));
  int const at_once = std::max(1, pixels_in_a_row / static_cast<int>(pixels));  // pictures in one tile
  std::size_t const frame_size = framed ? padded<T>(static_cast<std::size_t>(f.size())) : 0;
  std::size_t const turn_size = padded<T>(static_cast<std::size_t>(turned_size(g)));
  T* const all_totals = ctx.scratch.take<T>(own * static_cast<std::size_t>(parts > 1 ? count * parts : std::max(1, ctx.threads)));
  T* const frames = framed ? ctx.scratch.take<T>(frame_size * static_cast<std::size_t>(together)) : nullptr;
  T* const turns = turned ? ctx.scratch.take<T>(turn_size * static_cast<std::size_t>(together)) : nullptr;

  /// totals += the part of a few pictures
  auto const add_pictures = [&](int group, int piece, T const* xs, T const* dys, int pictures, T* totals) {
    int const m = group * group_channels<T>, Q = vectors_of<T>(g.M, group);
    GradientInput<T> tile{};
    tile.vector = L % channel_block == 0 ? pixels * L : L;
    tile.dy_step = channel_block;
    tile.dy_line = static_cast<std::ptrdiff_t>(g.OW) * channel_block;
    tile.pictures = pictures;
    tile.dy_picture = out;
    tile.x_picture = in;
    T const* const first = dys + m / channel_block * pixels * channel_block + m % channel_block;
    for (int v0 = 0; v0 < g.OH; v0 += rows_in_a_row) {
      int const v1 = std::min(g.OH, v0 + rows_in_a_row);
      if (framed) {
        T const* at[I];
        for (int k = 0; k < I; ++k) {
          int const pair = std::min(piece * I + k, g.C * KK - 1);
          at[k] = xs + pair / KK * f.plane() + taps.offset[pair % KK] + static_cast<std::ptrdiff_t>(v0) * f.cols;
        }
        tile.dy = first + v0 * tile.dy_line;
        tile.x_step = 1;
        tile.x_line = f.cols;
        tile.rows = v1 - v0;
        tile.cols = g.OW;
        Q == 2 ? gradient_of_pairs<T, 2>(tile, at, totals) : gradient_of_pairs<T, 1>(tile, at, totals);
        continue;
      }
      tile.x_step = static_cast<std::ptrdiff_t>(g.S) * B;
      tile.x_line = static_cast<std::ptrdiff_t>(g.S) * g.W * B;
      for (int t = 0; t < KK; ++t) {  // output pixels whose input at the tap lies in the picture
        int const ky = t / g.K - g.P, kx = t % g.K - g.P;
        int const low = std::max(v0, -floor_div(ky, g.S)), high = std::min(v1, floor_div(g.H - 1 - ky, g.S) + 1);
        int const left = std::max(0, -floor_div(kx, g.S)), right = std::min(g.OW, floor_div(g.W - 1 - kx, g.S) + 1);
        if (low >= high || left >= right) continue;
        tile.dy = first + low * tile.dy_line + left * tile.dy_step;
        tile.rows = high - low;
        tile.cols = right - left;
        T const* const from =
            xs + ((static_cast<std::ptrdiff_t>(piece) * g.H + low * g.S + ky) * g.W + left * g.S + kx) * static_cast<std::ptrdiff_t>(B);
        for (int i = 0; i < B; i += I) {
          T* const to = totals + (static_cast<std::ptrdiff_t>(t) * B + i) * Q * L;
          Q == 2 ? gradient_of_block<T, 2>(tile, from + i, to) : gradient_of_block<T, 1>(tile, from + i, to);
        }
      }
    }
  };
  auto const join = [&](int group, int piece, T const* totals) {
    int const m = group * group_channels<T>, vectors = vectors_of<T>(g.M, group), given = std::min(vectors * L, g.M - m);
    T* const to = dweights + (static_cast<std::ptrdiff_t>(m) * g.C * KK + static_cast<std::ptrdiff_t>(piece) * p.pairs);
    std::ptrdiff_t const output = static_cast<std::ptrdiff_t>(g.C) * KK;
    int const pairs = std::min(p.pairs, g.C * KK - piece * p.pairs);
    // the pairs of a piece lie in dweights channel by channel; a block's totals lie tap by tap
    auto const total = [&](int pair) {
      return totals + static_cast<std::ptrdiff_t>(framed ? pair : pair % KK * B + pair / KK) * vectors * L;
    };
    if (given % L == 0 && pairs % L == 0) {
      for (int q = 0; q < vectors; ++q)
        for (int pair = 0; pair < pairs; pair += L) {
          Vector<T> rows[L];
          for (int k = 0; k < L; ++k) load<T>(rows[k], total(pair + k) + q * L);
          transpose<T>(rows);
          for (int l = 0; l < L; ++l) {
            T* const at = to + (q * L + l) * output + pair;
            Vector<T> sum;
            load<T>(sum, at);
            store<T>(at, sum + rows[l]);
          }
        }
      return;
    }
    for (int l = 0; l < given; ++l)
      for (int pair = 0; pair < pairs; ++pair) to[l * output + pair] += total(pair)[l];
  };

  if (!framed && !turned) {
    parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
      for (auto i = static_cast<int>(w * count * parts / workers); i < static_cast<int>((w + 1) * count * parts / workers); ++i) {
        int const k = i / parts, part = i % parts, last = (part + 1) * batch / parts;
        T* const totals = all_totals + static_cast<std::size_t>(parts > 1 ? i : w) * own;
        std::fill_n(totals, own, T(0));
        for (int n = part * batch / parts; n < last; n += at_once)
          add_pictures(k / p.pieces, k % p.pieces, x + n * in, dy + n * out, std::min(at_once, last - n), totals);
        if (parts == 1) join(k / p.pieces, k % p.pieces, totals);
      }
    });
    if (parts > 1)
      parallel_for(ctx, count, [&](std::ptrdiff_t k) {
        for (int part = 0; part < parts; ++part)
          join(static_cast<int>(k) / p.pieces, static_cast<int>(k) % p.pieces,
               all_totals + static_cast<std::size_t>(k * parts + part) * own);
      });
    return;
  }
  for (int n0 = 0; n0 < batch; n0 += together) {
    int const pictures = std::min(together, batch - n0);
    if (framed)
      parallel_for(ctx, static_cast<std::ptrdiff_t>(pictures) * f.blocks, [&](std::ptrdiff_t i) {
        fill_frame(g, f, x + (n0 + i / f.blocks) * in, static_cast<int>(i % f.blocks),
                   frames + static_cast<std::size_t>(i / f.blocks) * frame_size);
      });
    if (turned) {
      int const blocks = (g.M + channel_block - 1) / channel_block;
      parallel_for(ctx, static_cast<std::ptrdiff_t>(pictures) * blocks, [&](std::ptrdiff_t i) {
        turn(g, dy + (n0 + i / blocks) * out, static_cast<int>(i % blocks), turns + static_cast<std::size_t>(i / blocks) * turn_size);
      });
    }
    parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
      T* const totals = all_totals + static_cast<std::size_t>(w) * own;
      for (auto k = static_cast<int>(w * count / workers); k < static_cast<int>((w + 1) * count / workers); ++k) {
        int const group = k / p.pieces, piece = k % p.pieces;
        for (int n = 0; n < pictures; ++n) {
          std::fill_n(totals, own, T(0));
          add_pictures(group, piece, framed ? frames + static_cast<std::size_t>(n) * frame_size : x + (n0 + n) * in,
                       turned ? turns + static_cast<std::size_t>(n) * turn_size : dy + (n0 + n) * out, 1, totals);
          join(group, piece, totals);
        }
      }
    });
  }
}
}  // namespace berl::host
