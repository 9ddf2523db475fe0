#pragma once
#include <berl/host/nn/convolve_winograd.hpp>       // Tiling, input_tile
#include <berl/host/nn/weight_gradient_direct.hpp>  // gradient_of_block

/// The weight gradient of a 3 x 3 convolution of stride 1 as the adjoint of Winograd's form: dw = G^T [sum over tiles of (B^T d B) .
/// (A dy A^T)] G. Tiles of pictures are brought to their 36 points, at each of which a product of matrices adds them up. Each point's sums
/// have one owner and the order of the tiles, so the number of threads changes no bit.
namespace berl::host {
namespace winograd {
/// How the work is shared. With few weights the tiles are cut into parts with totals of their own, each of which one thread takes a few
/// tiles at a time, so that these stay in its second cache. With many, the threads share tiles, and each takes some of the points.
struct GradientPlan {
  Tiling tiling;
  int parts, tiles;  // parts of the batch, tiles at a time
  std::size_t weight_point, input_point, output_point;
  constexpr std::size_t totals() const { return points * weight_point; }
  constexpr std::size_t tile_memory() const { return points * (input_point + output_point); }
};
template <class T>
constexpr GradientPlan gradient_plan(Convolution const& g, int batch) {
  Tiling const tiling(g, batch);
  bool const few = points * sizeof(T) * static_cast<std::size_t>(g.C) * static_cast<std::size_t>(g.M) < 1280 * KiB;
  auto const fit = [&](std::size_t bytes) { return static_cast<int>(bytes / (points * sizeof(T) * static_cast<std::size_t>(g.C + g.M))); };
  int const tiles = std::min(tiling.all, few ? std::clamp(fit(4 * MiB), 32, 256) : std::clamp(fit(8 * MiB), 128, 256));
  int const parts = few ? std::min(16, (tiling.all + tiles - 1) / tiles) : 1;
  return {tiling, parts, tiles, apart<T>(g.C * g.M), apart<T>(tiles * g.C), apart<T>(tiles * g.M)};
}

namespace detail {
/// Z = A dy A^T of the tile (row, col) of one block of a picture; at each point 16 channels.
template <class T>
void output_gradient_tile(Convolution const& g, T const* block, int row, int col, T* to, std::size_t point) {
  constexpr int L = lanes_of<T>, B = channel_block;
  int const v0 = row * outputs, u0 = col * outputs, rows = std::min(outputs, g.OH - v0), cols = std::min(outputs, g.OW - u0);
  for (int s = 0; s < B; s += L) {
    Vector<T> patch[outputs][outputs] = {};
    for (int v = 0; v < rows; ++v)
      for (int u = 0; u < cols; ++u) load<T>(patch[v][u], block + (static_cast<std::ptrdiff_t>(v0 + v) * g.OW + u0 + u) * B + s);
    both_axes<outputs, inputs, Vector<T>>(
        [](auto const& from, auto& result) { output_points<T>(from, result); },
        [&](int v, int u) -> Vector<T> const& { return patch[v][u]; },
        [&](int v, int u, Vector<T> const& value) { store<T>(to + static_cast<std::size_t>(v * inputs + u) * point + s, value); });
  }
}
/// totals += V^T Z at one point, for one group of outputs: [input][vectors of outputs]. Where they are fresh, there is nothing yet to add
/// to.
template <class T>
void add_products(Convolution const& g, T const* inputs_, T const* gradients, int tiles, int group, bool fresh, T* totals) {
  constexpr int L = lanes_of<T>, B = channel_block, I = host::detail::inputs_per_tile;
  int const Q = vectors_of<T>(g.M, group), m = group * group_channels<T>;
  host::detail::GradientInput<T> tile{};
  tile.dy = gradients + static_cast<std::ptrdiff_t>(m / B) * tiles * B + m % B;
  tile.vector = L % B == 0 ? static_cast<std::ptrdiff_t>(tiles) * L : L;
  tile.dy_step = tile.x_step = B;
  tile.rows = tile.pictures = 1;
  tile.cols = tiles;
  tile.fresh = fresh;
  for (int c = 0; c < g.C; c += I) {
    T const* const from = inputs_ + static_cast<std::ptrdiff_t>(c / B) * tiles * B + c % B;
    T* const to = totals + static_cast<std::ptrdiff_t>(c) * Q * L;
    Q == 2 ? host::detail::gradient_of_block<T, 2>(tile, from, to) : host::detail::gradient_of_block<T, 1>(tile, from, to);
  }
}
/// dweights += G^T (sum of the parts' totals) G for one group of outputs and one block of inputs.
template <class T>
void join_gradient(Convolution const& g, T const* totals, int parts, std::size_t part_size, std::size_t point, int group, int block,
                   T* dweights) {
  constexpr int L = lanes_of<T>, B = channel_block;
  int const vectors = vectors_of<T>(g.M, group), c = block * B;
  for (int q = 0; q < vectors; ++q) {
    Vector<T> dw[B * 9];
    for (int i = 0; i < B; ++i) {
      T const* const from = totals + (static_cast<std::ptrdiff_t>(c + i) * vectors + q) * L;
      both_axes<inputs, 3, Vector<T>>(
          [](auto const& u, auto& w) { weights_of<T>(u, w); },
          [&](int v, int u) {
            Vector<T> sum = {};
            for (int part = 0; part < parts; ++part) {
              Vector<T> value;
              load<T>(value, from + static_cast<std::size_t>(part) * part_size + static_cast<std::size_t>(v * inputs + u) * point);
              sum += value;
            }
            return sum;
          },
          [&](int v, int u, Vector<T> const& value) { dw[i * 9 + v * 3 + u] = value; });
    }
    for (int k = 0; k < B * 9; k += L) {  // L pairs of (input, tap) by L outputs, turned
      Vector<T> rows[L];
      for (int l = 0; l < L; ++l) rows[l] = dw[k + l];
      transpose<T>(rows);
      for (int l = 0; l < L; ++l) {
        T* const at = dweights + (static_cast<std::ptrdiff_t>(group * group_channels<T> + q * L + l) * g.C + c) * 9 + k;
        Vector<T> sum;
        load<T>(sum, at);
        store<T>(at, sum + rows[l]);
      }
    }
  }
}
}  // namespace detail
}  // namespace winograd

/// Bytes of scratch that weight_gradient_winograd takes.
template <class T>
constexpr std::size_t weight_gradient_winograd_scratch(Convolution const& g, int batch, int threads) {
  winograd::GradientPlan const plan = winograd::gradient_plan<T>(g, batch);
  auto const parts = static_cast<std::size_t>(plan.parts), at_work = static_cast<std::size_t>(std::min(plan.parts, threads));
  return sizeof(T) * (parts * plan.totals() + at_work * plan.tile_memory());
}

/// As weight_gradient_direct, for what fits_winograd.
template <class T>
void weight_gradient_winograd(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  using namespace winograd;
  using namespace winograd::detail;
  constexpr int B = channel_block;
  Scope const scope(ctx.scratch);
  GradientPlan const plan = gradient_plan<T>(g, batch);
  int const groups = groups_of<T>(g.M), blocks = g.C / B, all = plan.tiling.all, workers = ctx.threads;
  std::ptrdiff_t const in = static_cast<std::ptrdiff_t>(g.C) * g.H * g.W, out = static_cast<std::ptrdiff_t>(g.M) * g.OH * g.OW;
  T* const all_totals = ctx.scratch.take<T>(static_cast<std::size_t>(plan.parts) * plan.totals());
  T* const memory = ctx.scratch.take<T>(static_cast<std::size_t>(std::min(plan.parts, workers)) * plan.tile_memory());

  auto const bring = [&](int first, int count, int tiles, int before, T* v) {  // `count` of `tiles`, of which some came before
    T* const z = v + points * plan.input_point;
    plan.tiling.for_tiles(first, count, [&](int t, int n, int row, int col) {
      std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(before + t) * B;
      for (int block = 0; block < blocks; ++block)
        input_tile(g, x + n * in + static_cast<std::ptrdiff_t>(block) * g.H * g.W * B, row, col,
                   v + static_cast<std::ptrdiff_t>(block) * tiles * B + at, plan.input_point);
      for (int block = 0; block < g.M / B; ++block)
        output_gradient_tile(g, dy + n * out + static_cast<std::ptrdiff_t>(block) * g.OH * g.OW * B, row, col,
                             z + static_cast<std::ptrdiff_t>(block) * tiles * B + at, plan.output_point);
    });
  };
  auto const add = [&](std::size_t p, int tiles, T const* v, bool fresh, T* totals) {
    T const* const z = v + points * plan.input_point;
    for (int group = 0; group < groups; ++group)
      add_products(g, v + p * plan.input_point, z + p * plan.output_point, tiles, group, fresh,
                   totals + p * plan.weight_point + static_cast<std::ptrdiff_t>(group) * g.C * group_channels<T>);
  };

  if (plan.parts > 1) {
    parallel_for(ctx, std::min(plan.parts, workers), [&](std::ptrdiff_t w) {
      T* const own = memory + static_cast<std::size_t>(w) * plan.tile_memory();
      std::ptrdiff_t const at_work = std::min(plan.parts, workers);
      for (std::ptrdiff_t part = w * plan.parts / at_work; part < (w + 1) * plan.parts / at_work; ++part) {
        T* const totals = all_totals + static_cast<std::size_t>(part) * plan.totals();
        auto const last = static_cast<int>((part + 1) * all / plan.parts);
        auto const begin = static_cast<int>(part * all / plan.parts);
        for (int first = begin; first < last; first += plan.tiles) {
          int const tiles = std::min(plan.tiles, last - first);
          bring(first, tiles, tiles, 0, own);
          for (std::size_t p = 0; p < points; ++p) add(p, tiles, own, first == begin, totals);
        }
      }
    });
  } else {
    for (int first = 0; first < all; first += plan.tiles) {
      int const tiles = std::min(plan.tiles, all - first);
      parallel_for(ctx, workers, [&](std::ptrdiff_t w) {
        auto const own = static_cast<int>(w * tiles / workers), next = static_cast<int>((w + 1) * tiles / workers);
        bring(first + own, next - own, tiles, own, memory);
      });
      parallel_for(ctx, points, [&](std::ptrdiff_t p) { add(static_cast<std::size_t>(p), tiles, memory, first == 0, all_totals); });
    }
  }
  parallel_for(ctx, static_cast<std::ptrdiff_t>(groups) * blocks, [&](std::ptrdiff_t i) {
    auto const group = static_cast<int>(i) / blocks, block = static_cast<int>(i) % blocks;
    T* const totals = all_totals + static_cast<std::ptrdiff_t>(group) * g.C * group_channels<T>;
    join_gradient(g, totals, plan.parts, plan.totals(), plan.weight_point, group, block, dweights);
  });
}
}  // namespace berl::host
