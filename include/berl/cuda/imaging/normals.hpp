#pragma once
#include <berl/cuda/imaging/pixels.hpp>  // each_pixel, load_vector, Block
#include <berl/imaging/normals.hpp>      // NormalStencil, Normals

#include <cmath>  // sqrt

namespace berl::imaging::detail {
template <class T, int S>
BERL_FN NormalStencil<T> stencil_at(Camera<T> const& camera, T const* depth, int v, int u) {
  T const* const d = depth + v * S + u;
  return {camera, T(u), T(v), d[-1], d[1], d[-S], d[S]};
}
template <int S>
BERL_FN constexpr bool on_frame(int v, int u) {
  return v == 0 || u == 0 || v == S - 1 || u == S - 1;
}
template <class T, int S>
struct NormalsOf {
  Camera<T> camera;
  T epsilon;
  Read<T, Shape<1, S, S>, Cuda> depth;
  Write<T, Shape<3, S, S>, Cuda> normal;
  BERL_FN void operator()(int n, int v, int u) const {
    auto const c = on_frame<S>(v, u) ? Vector<T>{0, 0, 1} : stencil_at<T, S>(camera, depth.sample(n), v, u).c;
    T const length = std::sqrt(dot(c, c));
    store_vector<S>(normal.sample(n), v * S + u, NormalStencil<T>::inverse(length, epsilon) * c);
  }
};

/// Rows of an image whose pull-back one block computes, with what the stencils of these and of the two beside them say of their
/// neighbours in shared memory.
template <class T, int S>
struct NormalBand {
  using Neighbours = typename NormalStencil<T>::Neighbours;
  static constexpr int fitting = 48 * 1024 / (S * static_cast<int>(sizeof(Neighbours))) - 2;
  static_assert(fitting > 0, "berl::imaging::normals on CUDA: maps are too wide for a block's shared memory.");
  static constexpr int rows = fitting < 16 ? fitting : 16, bands = (S + rows - 1) / rows;
  Neighbours of[rows + 2][S];
};
/// A gather: every pixel sums what the stencils of its four neighbours say of it.
template <class T, int S, class Team, class DDepth>
BERL_FN void pull_normals(Team const&, Camera<T> const& camera, T epsilon, T const* depth, T const* d_normal, DDepth const& d_depth, int n,
                          int band, NormalBand<T, S>& shared) {
  using Band = NormalBand<T, S>;
  int const first = band * Band::rows;
  for (int i = Team::rank(); i < (Band::rows + 2) * S; i += Team::size) {
    int const v = first - 1 + i / S, u = i % S;
    typename Band::Neighbours pulled{0, 0, 0, 0};
    if (v > 0 && v < S - 1 && !on_frame<S>(v, u)) {
      auto const stencil = stencil_at<T, S>(camera, depth, v, u);
      pulled = stencil.pull(camera, T(u), T(v), std::sqrt(dot(stencil.c, stencil.c)), epsilon, load_vector<S>(d_normal, v * S + u));
    }
    shared.of[i / S][u] = pulled;
  }
  Team::sync();
  for (int i = Team::rank(); i < Band::rows * S && first + i / S < S; i += Team::size) {
    int const r = i / S + 1, u = i % S;
    T sum = shared.of[r - 1][u].down + shared.of[r + 1][u].up;
    if (u > 0) sum += shared.of[r][u - 1].right;
    if (u < S - 1) sum += shared.of[r][u + 1].left;
    put<DDepth>(d_depth.sample(n)[(first + i / S) * S + u], sum);
  }
  Team::sync();
}
template <class T, int S, class DDepth>
__global__ void __launch_bounds__(256) pull_normals_kernel(Camera<T> camera, T epsilon, Read<T, Shape<1, S, S>, Cuda> depth,
                                                           Read<T, Shape<3, S, S>, Cuda> d_normal, DDepth d_depth) {
  __shared__ NormalBand<T, S> shared;
  int const n = static_cast<int>(blockIdx.x) / NormalBand<T, S>::bands, band = static_cast<int>(blockIdx.x) % NormalBand<T, S>::bands;
  pull_normals<T, S>(gpu::Block<256>{}, camera, epsilon, depth.sample(n), d_normal.sample(n), d_depth, n, band, shared);
}
}  // namespace berl::imaging::detail

template <>
struct berl::Kernel<berl::imaging::Normals, berl::Cuda> {
  template <class T, int S>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                      Write<T, Shape<3, S, S>, Cuda> normal) {
    imaging::detail::each_pixel<S, S>(
        ctx, "berl::imaging::normals", depth.batch(),
        imaging::detail::NormalsOf<T, S>{imaging::camera<T, S>(settings), T(settings.normal_epsilon), depth, normal});
  }
  template <class T, int S, class DDepth>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                       Read<T, Shape<3, S, S>, Cuda> d_normal, DDepth d_depth) {
    unsigned const blocks = static_cast<unsigned>(depth.batch() * imaging::detail::NormalBand<T, S>::bands);
    gpu::launch(ctx, "berl::imaging::normals_backward", imaging::detail::pull_normals_kernel<T, S, DDepth>, {blocks, 256},
                imaging::camera<T, S>(settings), T(settings.normal_epsilon), depth, d_normal, d_depth);
  }
};
