#pragma once
#include <berl/cuda/imaging/pixels.hpp>   // each_pixel, MovementShare
#include <berl/cuda/imaging/scatter.hpp>  // Cells, mark_cells, gathered
#include <berl/imaging/warp.hpp>          // SamplingGrid, Sample

namespace berl::imaging::detail {
/// InverseWarp without the movement, which differs from image to image.
template <class T, int S>
struct WarpOf {
  Camera<T> camera;
  ViewRange<T> range;
  explicit WarpOf(Settings const& settings) : camera(imaging::camera<T, S>(settings)), range(settings) {}
  BERL_FN InverseWarp<T> at(T const* movement) const { return {camera, range.movement(movement), 2 * camera.focal / T(S - 1)}; }
};
template <class T, int S>
struct GridOf {
  WarpOf<T, S> warp;
  T farthest;
  Read<T, Shape<1, S, S>, Cuda> depth;
  Read<T, Shape<12, 1, 1>, Cuda> movement;
  Write<T, Shape<2, S, S>, Cuda> grid;
  Write<T, Shape<1, S, S>, Cuda> mask;
  BERL_FN void operator()(int n, int v, int u) const {
    int const at = v * S + u;
    T const d = depth.sample(n)[at];
    warp.at(movement.sample(n)).value(T(u), T(v), d, grid.sample(n)[at], grid.sample(n)[at + S * S]);
    mask.sample(n)[at] = d < farthest ? T(1) : T(0);
  }
};
/// One image of the pull-back; the movement's gradient is a sum over its pixels.
template <class T, int S, class Team, class DDepth, class DMovement>
BERL_FN void pull_grid(Team const& team, InverseWarp<T> const& inverse, T const* depth, T const* d_grid, DDepth const& d_depth,
                       DMovement const& d_movement, int n) {
  MovementShare<T> share;
  for (int at = Team::rank(); at < S * S; at += Team::size) {
    auto const pulled = inverse.pull(T(at % S), T(at / S), depth[at], d_grid[at], d_grid[at + S * S]);
    if constexpr (!skips<DMovement>) share.add(pulled.arm, pulled.dx, T(-1) * pulled.dy);
    if constexpr (!skips<DDepth>) put<DDepth>(d_depth.sample(n)[at], pulled.d);
  }
  if constexpr (!skips<DMovement>) share.template put_to<DMovement>(team, d_movement.sample(n));
}
template <class T, int S, class DDepth, class DMovement>
__global__ void __launch_bounds__(512)
    pull_grid_kernel(WarpOf<T, S> warp, Read<T, Shape<1, S, S>, Cuda> depth, Read<T, Shape<12, 1, 1>, Cuda> movement,
                     Read<T, Shape<2, S, S>, Cuda> d_grid, DDepth d_depth, DMovement d_movement) {
  int const n = static_cast<int>(blockIdx.x);
  pull_grid<T, S>(gpu::Block<512>{}, warp.at(movement.sample(n)), depth.sample(n), d_grid.sample(n), d_depth, d_movement, n);
}

template <class T, int C, int H, int W, int h, int w>
struct SampleOf {
  Alignment align;
  Padding pad;
  Read<T, Shape<C, H, W>, Cuda> image;
  Read<T, Shape<2, h, w>, Cuda> grid;
  Read<T, Shape<1, h, w>, Cuda> mask;

  BERL_FN Tap<T> x(int n, int at) const { return {grid.sample(n)[at], W, align, pad}; }
  BERL_FN Tap<T> y(int n, int at) const { return {grid.sample(n)[at + h * w], H, align, pad}; }

  BERL_FN void value(int n, int at, T* sampled) const {
    Bilinear<T> const b(x(n, at), y(n, at), W);
    T const m = mask.sample(n)[at];
    for (int c = 0; c < C; ++c) {
      T const* const p = image.sample(n) + c * H * W;
      sampled[c * h * w + at] = m * (b.w00 * p[b.at00] + b.w01 * p[b.at01] + b.w10 * p[b.at10] + b.w11 * p[b.at11]);
    }
  }
  /// The gradient of the position.
  BERL_FN void pull(int n, int at, T const* d_sampled, T& dgx, T& dgy) const {
    auto const tx = x(n, at), ty = y(n, at);
    Bilinear<T> const b(tx, ty, W);
    T const m = mask.sample(n)[at];
    dgx = dgy = 0;
    for (int c = 0; c < C; ++c) {
      T const* const p = image.sample(n) + c * H * W;
      T const dy = m * d_sampled[c * h * w + at];
      T const p00 = p[b.at00] * tx.first_in * ty.first_in, p01 = p[b.at01] * tx.second_in * ty.first_in;
      T const p10 = p[b.at10] * tx.first_in * ty.second_in, p11 = p[b.at11] * tx.second_in * ty.second_in;
      dgx += tx.slope * dy * ((1 - ty.weight) * (p01 - p00) + ty.weight * (p11 - p10));
      dgy += ty.slope * dy * ((1 - tx.weight) * (p10 - p00) + tx.weight * (p11 - p01));
    }
  }
};
template <class T, int C, int H, int W, int h, int w>
struct SampleForward {
  SampleOf<T, C, H, W, h, w> sample;
  Write<T, Shape<C, h, w>, Cuda> sampled;
  BERL_FN void operator()(int n, int v, int u) const { sample.value(n, v * w + u, sampled.sample(n)); }
};
template <class T, int C, int H, int W, int h, int w, class DGrid>
struct SampleGridPull {
  SampleOf<T, C, H, W, h, w> sample;
  Read<T, Shape<C, h, w>, Cuda> d_sampled;
  DGrid d_grid;
  BERL_FN void operator()(int n, int v, int u) const {
    int const at = v * w + u;
    T dgx, dgy;
    sample.pull(n, at, d_sampled.sample(n), dgx, dgy);
    put<DGrid>(d_grid.sample(n)[at], dgx);
    put<DGrid>(d_grid.sample(n)[at + h * w], dgy);
  }
};
/// The gradient of one image: each pixel sums over the positions around it, in the order of their numbers, cell by cell.
///   keys    sorted, as mark_cells takes them
template <class Team, class T, int C, int H, int W, int h, int w, class DImage>
BERL_FN void pull_image(Team const&, SampleOf<T, C, H, W, h, w> const& sample, T const* d_sampled, DImage const& d_image, int n,
                        unsigned const* keys, CellList<H, W>& cells) {
  using Cells = imaging::detail::Cells<H, W, h, w>;
  mark_cells<Cells, Team>(keys, cells);
  for (int pixel = Team::rank(); pixel < H * W; pixel += Team::size) {
    T sum[C] = {};
    for (int corner = 0; corner < 4; ++corner) {  // of the position's four pixels, the one that this pixel is
      int const down = corner / 2, right = corner % 2;
      int const cell = Cells::cell(pixel / W - down, pixel % W - right);
      for (int i = cells.begin[cell]; i < cells.end[cell]; ++i) {
        int const at = Cells::position(keys[i]);
        Bilinear<T> const b(sample.x(n, at), sample.y(n, at), W);
        T const weight = down == 0 ? (right == 0 ? b.w00 : b.w01) : (right == 0 ? b.w10 : b.w11);
        T const m = sample.mask.sample(n)[at];
        for (int c = 0; c < C; ++c) sum[c] += weight * (m * d_sampled[c * h * w + at]);
      }
    }
    for (int c = 0; c < C; ++c) put<DImage>(d_image.sample(n)[c * H * W + pixel], sum[c]);
  }
}
template <class T, int C, int H, int W, int h, int w, class DImage>
__global__ void __launch_bounds__(Cells<H, W, h, w>::threads)
    pull_image_kernel(SampleOf<T, C, H, W, h, w> sample, Read<T, Shape<C, h, w>, Cuda> d_sampled, DImage d_image) {
  using Cells = imaging::detail::Cells<H, W, h, w>;
  extern __shared__ __align__(16) unsigned char shared[];
  auto* const keys = reinterpret_cast<unsigned*>(shared);
  int const n = static_cast<int>(blockIdx.x);
  unsigned own[Cells::items];
  for (int i = 0; i < Cells::items; ++i) {
    int const at = static_cast<int>(threadIdx.x) * Cells::items + i;
    own[i] = at < h * w ? Cells::key(sample.x(n, at), sample.y(n, at), sample.mask.sample(n)[at], at) : Cells::none;
  }
  sort_keys<Cells>(own, keys, shared + Cells::keys_bytes);
  pull_image(gpu::Block<Cells::threads>{}, sample, d_sampled.sample(n), d_image, n, keys,
             *reinterpret_cast<CellList<H, W>*>(shared + Cells::keys_bytes));
}
}  // namespace berl::imaging::detail

template <>
struct berl::Kernel<berl::imaging::SamplingGrid, berl::Cuda> {
  template <class T, int S>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                      Read<T, Shape<12, 1, 1>, Cuda> movement, Write<T, Shape<2, S, S>, Cuda> grid, Write<T, Shape<1, S, S>, Cuda> mask) {
    using namespace imaging::detail;
    T const farthest = T(settings.depth_max + settings.margin());
    each_pixel<S, S>(ctx, "berl::imaging::sampling_grid", depth.batch(),
                     GridOf<T, S>{WarpOf<T, S>(settings), farthest, depth, movement, grid, mask});
  }
  template <class T, int S, class DDepth, class DMovement>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                       Read<T, Shape<12, 1, 1>, Cuda> movement, Read<T, Shape<2, S, S>, Cuda> d_grid, DDepth d_depth,
                       DMovement d_movement) {
    using namespace imaging::detail;
    if constexpr (!skips<DDepth> || !skips<DMovement>)
      gpu::launch(ctx, "berl::imaging::sampling_grid_backward", pull_grid_kernel<T, S, DDepth, DMovement>,
                  {static_cast<unsigned>(depth.batch()), 512}, WarpOf<T, S>(settings), depth, movement, d_grid, d_depth, d_movement);
  }
};

/// The scatter into the image is a gather over positions that are sorted by where they fall: no sum depends on which thread comes first.
template <>
struct berl::Kernel<berl::imaging::Sample, berl::Cuda> {
  template <class T, int C, int H, int W, int h, int w>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<C, H, W>, Cuda> image,
                      Read<T, Shape<2, h, w>, Cuda> grid, Read<T, Shape<1, h, w>, Cuda> mask, Write<T, Shape<C, h, w>, Cuda> sampled) {
    using namespace imaging::detail;
    SampleOf<T, C, H, W, h, w> const sample{settings.alignment, settings.padding, image, grid, mask};
    each_pixel<h, w>(ctx, "berl::imaging::sample", image.batch(), SampleForward<T, C, H, W, h, w>{sample, sampled});
  }
  template <class T, int C, int H, int W, int h, int w, class DImage, class DGrid>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<C, H, W>, Cuda> image,
                       Read<T, Shape<2, h, w>, Cuda> grid, Read<T, Shape<1, h, w>, Cuda> mask, Read<T, Shape<C, h, w>, Cuda> d_sampled,
                       DImage d_image, DGrid d_grid) {
    using namespace imaging::detail;
    using Cells = Cells<H, W, h, w>;
    SampleOf<T, C, H, W, h, w> const sample{settings.alignment, settings.padding, image, grid, mask};
    if constexpr (!skips<DGrid>)
      each_pixel<h, w>(ctx, "berl::imaging::sample_backward", image.batch(),
                       SampleGridPull<T, C, H, W, h, w, DGrid>{sample, d_sampled, d_grid});
    if constexpr (!skips<DImage>)
      gpu::launch(ctx, "berl::imaging::sample_backward", pull_image_kernel<T, C, H, W, h, w, DImage>,
                  {static_cast<unsigned>(image.batch()), Cells::threads, Cells::template shared_bytes<CellList<H, W>>}, sample, d_sampled,
                  d_image);
  }
};
