#pragma once
#include <berl/core/arena.hpp>           // Scope, padded
#include <berl/core/threads.hpp>         // parallel_for
#include <berl/host/nn/convolution.hpp>  // Convolution, Target
#include <berl/host/nn/frame.hpp>        // Frame, fill_frame

/// Convolutions from blocks of channels to one, two or three maps, such as the last layer of a decoder: a vector holds channels of the
/// input instead of the output, whose lanes would be empty but for these.
namespace berl::host {
/// Whether a convolution is one of these: 3 x 3 or 5 x 5 with a padding that keeps the size, stride 1.
constexpr bool fits_few(Convolution const& g) {
  return !g.transposed && g.M <= 3 && (g.K == 3 || g.K == 5) && g.S == 1 && g.P == g.K / 2 && block_of(g.C) == channel_block;
}

namespace few {
/// One row of M maps: y[m][u] = sum over blocks, taps and channels of weights[block][tap][m][channel] frame[...].
template <int M, class T>
[[gnu::noinline]] void row_of(Convolution const& g, host::detail::Frame const& f, T const* frame, T const* weights, int row,
                              host::detail::Target<T> const& to) {
  constexpr int L = lanes_of<T>, B = channel_block, P = 8;  // pixels at a time
  std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(f.cols) * B, plane = static_cast<std::ptrdiff_t>(g.OH) * g.OW;
  for (int u0 = 0; u0 < g.OW; u0 += P) {
    Vector<T> sums[M][P] = {};
    T const* w = weights;
    int const last = std::min(P, g.OW - u0) - 1;
    for (int block = 0; block < f.blocks; ++block)
      for (int ky = 0; ky < g.K; ++ky)
        for (int kx = 0; kx < g.K; ++kx) {
          T const* const x = frame + block * f.plane() + (row + ky) * line + static_cast<std::ptrdiff_t>(u0 + kx) * B;
          for (int s = 0; s < B; s += L) {
            Vector<T> wv[M];
#pragma GCC unroll 3
            for (int m = 0; m < M; ++m) load<T>(wv[m], w + m * B + s);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) {
              Vector<T> xv;
              load<T>(xv, x + std::min(p, last) * B + s);  // what is missing is computed twice
#pragma GCC unroll 3
              for (int m = 0; m < M; ++m) sums[m][p] += xv * wv[m];
            }
          }
          w += M * B;
        }
    for (int m = 0; m < M; ++m)
      for (int p = 0; p <= last; ++p) {
        std::ptrdiff_t const at = m * plane + static_cast<std::ptrdiff_t>(row) * g.OW + u0 + p;
        T const value = sum_of<T>(sums[m][p]) + (to.bias ? to.bias[m] : T(0));
        to.y[at] = to.base ? to.base[at] + value : value;
      }
  }
}

/// totals[kx][m][channel] += sum over a few rows and all columns w of x[w][channel] dy[m][w + P - kx], for a block of channels and one row
/// of taps. dy's rows have K - 1 zeros on either side.
template <int K, int M, class T>
[[gnu::noinline]] void add_rows(int W, int rows, T const* x, T const* dy, std::ptrdiff_t dy_line, std::ptrdiff_t dy_map, T* totals) {
  constexpr int L = lanes_of<T>, B = channel_block;
  for (int s = 0; s < B; s += L) {
    Vector<T> sums[K][M] = {};
    for (int v = 0; v < rows; ++v)
      for (int w = 0; w < W; ++w) {
        Vector<T> xv;
        load<T>(xv, x + (static_cast<std::ptrdiff_t>(v) * W + w) * B + s);
        T const* const d = dy + v * dy_line + w + K - 1 + K / 2;
#pragma GCC unroll 5
        for (int kx = 0; kx < K; ++kx)
#pragma GCC unroll 3
          for (int m = 0; m < M; ++m) sums[kx][m] += d[m * dy_map - kx] * xv;
      }
#pragma GCC unroll 5
    for (int kx = 0; kx < K; ++kx)
#pragma GCC unroll 3
      for (int m = 0; m < M; ++m) {
        T* const at = totals + (kx * M + m) * B + s;
        Vector<T> total;
        load<T>(total, at);
        store<T>(at, total + sums[kx][m]);
      }
  }
}
template <class T>
using AddRows = void (*)(int, int, T const*, T const*, std::ptrdiff_t, std::ptrdiff_t, T*);
template <int K, class T>
AddRows<T> add_rows_for(int M) {
  return M == 1 ? add_rows<K, 1, T> : M == 2 ? add_rows<K, 2, T> : add_rows<K, 3, T>;
}
}  // namespace few

/// Bytes of scratch that convolve_few takes.
template <class T>
constexpr std::size_t convolve_few_scratch(Convolution const& g, int batch, int threads) {
  auto const pictures = static_cast<std::size_t>(std::min(batch, threads));
  return sizeof(T) * (pictures * padded<T>(static_cast<std::size_t>(host::detail::frame_of(g).size())) +
                      padded<T>(static_cast<std::size_t>(g.M * g.C * g.K * g.K)));
}
/// As convolve_direct, for what fits_few.
template <class T>
void convolve_few(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y) {
  using namespace detail;
  constexpr int B = channel_block;
  Scope const scope(ctx.scratch);
  Frame const f = frame_of(g);
  int const taps = g.K * g.K, together = std::min(batch, ctx.threads);
  std::size_t const size = padded<T>(static_cast<std::size_t>(f.size()));
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;
  T* const frames = ctx.scratch.take<T>(size * static_cast<std::size_t>(together));
  T* const packed = ctx.scratch.take<T>(static_cast<std::size_t>(g.M * g.C * taps));
  for (int m = 0; m < g.M; ++m)
    for (int c = 0; c < g.C; ++c)
      for (int t = 0; t < taps; ++t) packed[((c / B * taps + t) * g.M + m) * B + c % B] = weights[(m * g.C + c) * taps + t];
  auto const row_of = g.M == 1 ? few::row_of<1, T> : g.M == 2 ? few::row_of<2, T> : few::row_of<3, T>;
  for (int n0 = 0; n0 < batch; n0 += together) {
    int const pictures = std::min(together, batch - n0);
    parallel_for(ctx, static_cast<std::ptrdiff_t>(pictures) * f.blocks, [&](std::ptrdiff_t i) {
      fill_frame(g, f, x + (n0 + i / f.blocks) * in, static_cast<int>(i % f.blocks),
                 frames + static_cast<std::size_t>(i / f.blocks) * size);
    });
    parallel_for(ctx, static_cast<std::ptrdiff_t>(pictures) * g.OH, [&](std::ptrdiff_t i) {
      std::ptrdiff_t const k = i / g.OH, n = n0 + k;
      row_of(g, f, frames + static_cast<std::size_t>(k) * size, packed, static_cast<int>(i % g.OH),
             Target<T>{y + n * out, base ? base + n * out : nullptr, bias});
    });
  }
}

/// Bytes of scratch that weight_gradient_few takes.
template <class T>
constexpr std::size_t weight_gradient_few_scratch(Convolution const& g, int batch) {
  auto const lines = static_cast<std::size_t>(batch) * static_cast<std::size_t>(g.M * g.OH);
  return sizeof(T) * (padded<T>(lines * static_cast<std::size_t>(g.OW + 2 * (g.K - 1))) +
                      static_cast<std::size_t>(g.C / channel_block * g.K) * padded<T>(static_cast<std::size_t>(g.K * g.M * channel_block)));
}
/// As weight_gradient_direct, for what fits_few.
template <class T>
void weight_gradient_few(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  constexpr int B = channel_block, rows_in_a_row = 4;
  Scope const scope(ctx.scratch);
  int const margin = g.K - 1, wide = g.OW + 2 * margin;
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, map = static_cast<std::ptrdiff_t>(g.OH) * wide;
  T* const padded_dy = ctx.scratch.take<T>(static_cast<std::size_t>(batch * g.M * map));
  std::size_t const own = padded<T>(static_cast<std::size_t>(g.K * g.M * B));
  T* const totals = ctx.scratch.take<T>(static_cast<std::size_t>(g.C / B * g.K) * own);
  parallel_for(ctx, static_cast<std::ptrdiff_t>(batch) * g.M * g.OH, [&](std::ptrdiff_t i) {
    T* const to = padded_dy + i * wide;
    std::fill_n(to, margin, T(0));
    std::copy_n(dy + i * g.OW, g.OW, to + margin);
    std::fill_n(to + margin + g.OW, margin, T(0));
  });
  auto const add_rows = g.K == 3 ? few::add_rows_for<3, T>(g.M) : few::add_rows_for<5, T>(g.M);
  parallel_for(ctx, static_cast<std::ptrdiff_t>(g.C / B) * g.K, [&](std::ptrdiff_t i) {
    auto const block = static_cast<int>(i) / g.K, ky = static_cast<int>(i) % g.K;
    T* const sums = totals + static_cast<std::size_t>(i) * own;
    std::fill_n(sums, own, T(0));
    int const first = std::max(0, g.P - ky), last = std::min(g.OH, g.H + g.P - ky);  // rows of dy whose input row is in the picture
    for (int n = 0; n < batch; ++n)
      for (int v = first; v < last; v += rows_in_a_row)
        add_rows(g.W, std::min(rows_in_a_row, last - v), x + n * in + (static_cast<std::ptrdiff_t>(block) * g.H + v + ky - g.P) * g.W * B,
                 padded_dy + n * g.M * map + static_cast<std::ptrdiff_t>(v) * wide, wide, map, sums);
    for (int m = 0; m < g.M; ++m)
      for (int c = 0; c < B; ++c)
        for (int kx = 0; kx < g.K; ++kx) dweights[((m * g.C + block * B + c) * g.K + ky) * g.K + kx] += sums[(kx * g.M + m) * B + c];
  });
}
}  // namespace berl::host
