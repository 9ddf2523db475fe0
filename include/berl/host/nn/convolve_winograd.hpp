#pragma once
#include <berl/core/arena.hpp>           // Scope, padded
#include <berl/core/threads.hpp>         // parallel_for
#include <berl/host/nn/convolution.hpp>  // Convolution, Target
#include <berl/host/nn/runs_left.hpp>    // RunReader, RunsLeft
#include <berl/host/nn/tile.hpp>         // convolve_tiles
#include <berl/host/nn/winograd.hpp>     // both_axes

/// 3 x 3 and 5 x 5 convolutions of stride 1 by Winograd's method: a few tiles of the pictures are brought to their 36 points, multiplied
/// there by the weights of a group of outputs, and brought back, all in the second cache. The sums of a tile have an order of their own, so
/// neither the number of threads nor the tiles beside it change a bit.
namespace berl::host {
/// Whether a convolution can be done so: 3 x 3 or 5 x 5 with a padding that keeps the size, stride 1, channels in whole blocks.
constexpr bool fits_winograd(Convolution const& g) {
  return (g.K == 3 || g.K == 5) && g.S == 1 && g.P == g.K / 2 && block_of(g.C) == channel_block && block_of(g.M) == channel_block;
}

namespace winograd {
/// The tiles of a batch, picture after picture.
struct Tiling {
  int rows, cols, all;
  constexpr Tiling(Convolution const& g, int batch)
      : rows((g.OH + outputs(g.K) - 1) / outputs(g.K)),
        cols((g.OW + outputs(g.K) - 1) / outputs(g.K)),
        all(batch * rows * cols) {}
  /// body(tile - first, picture, row, column)
  template <class Body>
  void for_tiles(int first, int count, Body const& body) const {
    for (int t = 0; t < count; ++t) {
      int const picture = (first + t) / (rows * cols), place = (first + t) % (rows * cols);
      body(t, picture, place / cols, place % cols);
    }
  }
};
/// Elements from one point to the next: a little more than what lies there, so that 36 streams do not share their places in a cache.
template <class T>
constexpr std::size_t apart(int elements) {
  return padded<T>(static_cast<std::size_t>(elements)) + alignment / sizeof(T);
}

namespace detail {
using host::detail::group_channels;
using host::detail::groups_of;
using host::detail::RunsLeft;
using host::detail::Target;
using host::detail::vectors_of;

/// The weights of L outputs (from m on) and 16 inputs (from c on): to[input][tap], as the taps meet the picture.
template <int K, class T>
void gather_weights(Convolution const& g, T const* weights, int m, int c, Vector<T> (&to)[channel_block][K * K]) {
  constexpr int L = lanes_of<T>, taps = K * K;
  if (!g.transposed) {  // L rows of 16 kernels, turned
    for (int k = 0; k < channel_block * taps; k += L) {
      Vector<T> rows[L];
      for (int l = 0; l < L; ++l) load<T>(rows[l], weights + (static_cast<std::ptrdiff_t>(m + l) * g.C + c) * taps + k);
      transpose<T>(rows);
      for (int l = 0; l < L; ++l) to[(k + l) / taps][(k + l) % taps] = rows[l];
    }
    return;
  }
  for (int i = 0; i < channel_block; ++i) {  // L kernels, turned, and turned round
    T own[L * taps + L];
    std::copy_n(weights + (static_cast<std::ptrdiff_t>(c + i) * g.M + m) * taps, L * taps, own);
    std::fill_n(own + L * taps, L, T(0));
    for (int first = 0; first < taps; first += L) {
      Vector<T> rows[L];
      for (int l = 0; l < L; ++l) load<T>(rows[l], own + l * taps + first);
      transpose<T>(rows);
      for (int l = 0; l < L && first + l < taps; ++l) to[i][taps - 1 - first - l] = rows[l];
    }
  }
}
/// U = G w G^T of one group of outputs and one block of inputs; at each point [group][input][vectors of outputs].
template <int K, class T>
void weight_tiles(Convolution const& g, T const* weights, int group, int block, T* to, std::size_t point) {
  constexpr int L = lanes_of<T>;
  int const vectors = vectors_of<T>(g.M, group), c = block * channel_block;
  for (int q = 0; q < vectors; ++q) {
    Vector<T> w[channel_block][K * K];
    gather_weights<K>(g, weights, group * group_channels<T> + q * L, c, w);
    for (int i = 0; i < channel_block; ++i) {
      T* const at =
          to + static_cast<std::ptrdiff_t>(group) * g.C * group_channels<T> + (static_cast<std::ptrdiff_t>(c + i) * vectors + q) * L;
      both_axes<K, inputs, Vector<T>>(
          [](auto const& from, auto& result) { weight_points<T, K>(from, result); },
          [&](int v, int u) -> Vector<T> const& { return w[i][v * K + u]; },
          [&](int v, int u, Vector<T> const& value) { store<T>(at + static_cast<std::size_t>(v * inputs + u) * point, value); });
    }
  }
}
/// V = B^T d B of the tile (row, col) of one block of a picture; at each point 16 channels.
template <int K, class T>
void input_tile(Convolution const& g, T const* block, int row, int col, T* to, std::size_t point) {
  constexpr int L = lanes_of<T>, B = channel_block;
  int const v0 = row * outputs(K) - K / 2, u0 = col * outputs(K) - K / 2;
  bool const inside = v0 >= 0 && u0 >= 0 && v0 + inputs <= g.H && u0 + inputs <= g.W;
  for (int s = 0; s < B; s += L) {
    auto const transform = [](auto const& from, auto& result) { input_points<T>(from, result); };
    auto const put = [&](int v, int u, Vector<T> const& value) {
      store<T>(to + static_cast<std::size_t>(v * inputs + u) * point + s, value);
    };
    if (inside) {
      T const* const from = block + (static_cast<std::ptrdiff_t>(v0) * g.W + u0) * B + s;
      both_axes<inputs, inputs, Vector<T>>(
          transform,
          [&](int v, int u) {
            Vector<T> d;
            load<T>(d, from + (static_cast<std::ptrdiff_t>(v) * g.W + u) * B);
            return d;
          },
          put);
      continue;
    }
    Vector<T> patch[inputs][inputs] = {};
    for (int v = std::max(0, -v0); v < std::min(inputs, g.H - v0); ++v)
      for (int u = std::max(0, -u0); u < std::min(inputs, g.W - u0); ++u)
        load<T>(patch[v][u], block + (static_cast<std::ptrdiff_t>(v0 + v) * g.W + u0 + u) * B + s);
    both_axes<inputs, inputs, Vector<T>>(
        transform, [&](int v, int u) -> Vector<T> const& { return patch[v][u]; }, put);
  }
}
/// y = A^T M A of the tile (row, col) of L output channels (from m on), with bias and base.
template <int K, class T>
void output_tile(Convolution const& g, T const* from, std::size_t point, int m, int row, int col, Target<T> const& to) {
  constexpr int B = channel_block, side = outputs(K);
  Vector<T> bias = {};
  if (to.bias) load<T>(bias, to.bias + m);
  int const v0 = row * side, u0 = col * side, rows = std::min(side, g.OH - v0), cols = std::min(side, g.OW - u0);
  std::ptrdiff_t const first = ((static_cast<std::ptrdiff_t>(m / B) * g.OH + v0) * g.OW + u0) * B + m % B;
  auto const transform = [](auto const& z, auto& y) { outputs_of<T, side>(z, y); };
  auto const get = [&](int v, int u) {
    Vector<T> value;
    load<T>(value, from + static_cast<std::size_t>(v * inputs + u) * point);
    return value;
  };
  both_axes<inputs, side, Vector<T>>(transform, get, [&](int v, int u, Vector<T> const& value) {
    if (v >= rows || u >= cols) return;
    std::ptrdiff_t const at = first + (static_cast<std::ptrdiff_t>(v) * g.OW + u) * B;
    Vector<T> sum = value + bias;
    if (to.base) {
      Vector<T> base;
      load<T>(base, to.base + at);
      sum += base;
    }
    store<T>(to.y + at, sum);
  });
}
/// M = V U at one point and for one group of outputs: [tile][vectors of outputs].
template <class T>
void multiply(Convolution const& g, T const* from, int tiles, T const* weights, int group, T* sums) {
  static constexpr std::ptrdiff_t one_tap = 0;
  int const vectors = vectors_of<T>(g.M, group);
  host::detail::Tile<T> all[64];
  int count = 0;
  for (int t = 0; t < tiles; ++count) {
    host::detail::TileSize const size{1, host::detail::tile_for(1, tiles - t).cols};
    all[count] = {size, from + static_cast<std::ptrdiff_t>(t) * channel_block,
                  sums + static_cast<std::ptrdiff_t>(t) * vectors * lanes_of<T>};
    t += size.cols;
  }
  host::detail::convolve_tiles<T>({weights + static_cast<std::ptrdiff_t>(group) * g.C * group_channels<T>, nullptr, &one_tap, 1,
                                   g.C / channel_block, 0, static_cast<std::ptrdiff_t>(tiles) * channel_block},
                                  channel_block, vectors, all, count);
}
}  // namespace detail
}  // namespace winograd

/// How the work is shared. With few weights each thread takes tiles of its own, so many at a time as stay in its second cache. With many,
/// the threads share tiles, and each takes groups of outputs, whose weights it brings to their points just before it needs them.
struct WinogradPlan {
  winograd::Tiling tiling;
  bool by_groups;
  int tiles;  // at a time
  std::size_t weight_point, input_point, output_point;
};
template <class T>
constexpr WinogradPlan winograd_plan(Convolution const& g, int batch) {
  using namespace winograd;
  Tiling const tiling(g, batch);
  bool const by_groups = points * sizeof(T) * static_cast<std::size_t>(g.C) * static_cast<std::size_t>(g.M) > 6 * MiB;
  int const fit = static_cast<int>(1024 * KiB / (points * sizeof(T) * static_cast<std::size_t>(g.C + host::detail::group_channels<T>)));
  int const tiles = std::min(tiling.all, by_groups ? 64 : std::clamp(fit, 28, 56));
  return {tiling, by_groups, tiles, apart<T>(g.C * g.M), apart<T>(tiles * g.C), apart<T>(tiles * host::detail::group_channels<T>)};
}

/// Bytes of scratch that convolve_winograd takes.
template <class T>
constexpr std::size_t convolve_winograd_scratch(Convolution const& g, int batch, int threads) {
  WinogradPlan const plan = winograd_plan<T>(g, batch);
  auto const workers = static_cast<std::size_t>(threads);
  return winograd::points * sizeof(T) *
             (plan.weight_point + (plan.by_groups ? 1 : workers) * plan.input_point + workers * plan.output_point) +
         detail::RunsLeft::bytes(batch, g.M);
}

namespace winograd {
template <int K, class T>
void convolve(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y,
              RunReader const& reader) {
  using namespace detail;
  constexpr int L = lanes_of<T>, B = channel_block;
  Scope const scope(ctx.scratch);
  WinogradPlan const plan = winograd_plan<T>(g, batch);
  Tiling const& tiling = plan.tiling;
  int const groups = groups_of<T>(g.M), blocks = g.C / B, workers = ctx.threads;
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;
  T* const weights_at = ctx.scratch.take<T>(points * plan.weight_point);
  T* const inputs_at = ctx.scratch.take<T>(points * plan.input_point * static_cast<std::size_t>(plan.by_groups ? 1 : workers));
  T* const outputs_at = ctx.scratch.take<T>(points * plan.output_point * static_cast<std::size_t>(workers));

  int const of_picture = tiling.rows * tiling.cols;
  RunsLeft const left(ctx, batch, g.M, of_picture, reader);

  auto const bring_inputs = [&](int first, int count, int tiles, int before, T* to) {  // `count` of `tiles`, of which some came before
    tiling.for_tiles(first, count, [&](int t, int n, int row, int col) {
      for (int block = 0; block < blocks; ++block)
        input_tile<K>(g, x + n * in + static_cast<std::ptrdiff_t>(block) * g.H * g.W * B, row, col,
                      to + (static_cast<std::ptrdiff_t>(block) * tiles + before + t) * B, plan.input_point);
    });
  };
  auto const bring_weights = [&](int group) {
    for (int block = 0; block < blocks; ++block) weight_tiles<K>(g, weights, group, block, weights_at, plan.weight_point);
  };
  auto const give_outputs = [&](int group, int first, int tiles, T const* from, T* m) {
    int const vectors = vectors_of<T>(g.M, group);
    for (std::size_t p = 0; p < points; ++p)
      multiply(g, from + p * plan.input_point, tiles, weights_at + p * plan.weight_point, group, m + p * plan.output_point);
    tiling.for_tiles(first, tiles, [&](int t, int n, int row, int col) {
      for (int q = 0; q < vectors; ++q)
        output_tile<K>(g, m + (static_cast<std::ptrdiff_t>(t) * vectors + q) * L, plan.output_point, group * group_channels<T> + q * L, row,
                       col, Target<T>{y + n * out, base ? base + n * out : nullptr, bias});
    });
    for (int n = first / of_picture; n * of_picture < first + tiles; ++n)
      left.less(n, group * group_channels<T>, std::min((group + 1) * group_channels<T>, g.M),
                std::min(first + tiles, (n + 1) * of_picture) - std::max(first, n * of_picture));
  };

  if (plan.by_groups) {
    for (int first = 0; first < tiling.all; first += plan.tiles) {
      int const tiles = std::min(plan.tiles, tiling.all - first);
      parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
        auto const own = static_cast<int>(w * tiles / workers), next = static_cast<int>((w + 1) * tiles / workers);
        bring_inputs(first + own, next - own, tiles, own, inputs_at);
      });
      parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
        for (auto group = static_cast<int>(w * groups / workers); group < static_cast<int>((w + 1) * groups / workers); ++group) {
          if (first == 0) bring_weights(group);
          give_outputs(group, first, tiles, inputs_at, outputs_at + static_cast<std::size_t>(w) * points * plan.output_point);
        }
      });
    }
    return;
  }
  parallel_for(ctx, groups, [&](std::ptrdiff_t group) { bring_weights(static_cast<int>(group)); });
  parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
    T* const from = inputs_at + static_cast<std::size_t>(w) * points * plan.input_point;
    auto const last = static_cast<int>((w + 1) * tiling.all / workers);
    for (auto first = static_cast<int>(w * tiling.all / workers); first < last; first += plan.tiles) {
      int const tiles = std::min(plan.tiles, last - first);
      bring_inputs(first, tiles, tiles, 0, from);
      for (int group = 0; group < groups; ++group)
        give_outputs(group, first, tiles, from, outputs_at + static_cast<std::size_t>(w) * points * plan.output_point);
    }
  });
}
}  // namespace winograd

/// As convolve_direct, for what fits_winograd.
template <class T>
void convolve_winograd(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base,
                       T* y, RunReader const& reader = {}) {
  g.K == 3 ? winograd::convolve<3>(ctx, g, batch, x, weights, bias, base, y, reader)
           : winograd::convolve<5>(ctx, g, batch, x, weights, bias, base, y, reader);
}
}  // namespace berl::host
