#pragma once
#include <berl/core/error.hpp>           // Error
#include <berl/cuda/imaging/mesh.hpp>    // Mesh, Nearest, draw, pull_corner
#include <berl/cuda/imaging/pixels.hpp>  // MovementShare, launch, Block
#include <berl/imaging/rasterize.hpp>    // Rasterize

#include <string>
#include <type_traits>  // is_same_v

namespace berl::imaging::detail {
/// What an image is rasterised with, from the settings.
template <int S>
struct Raster {
  Camera<float> camera;
  ViewRange<float> range;
  Settings settings;
  float low, high;

  explicit Raster(Settings const& s)
      : camera(imaging::camera<float, S>(s)),
        range(s),
        settings(s),
        low(static_cast<float>(s.depth_min - s.margin())),
        high(static_cast<float>(s.depth_max + s.margin())) {}
  BERL_FN int A() const { return settings.supersampling; }
  BERL_FN int side() const { return settings.supersampling * S; }
  BERL_FN Projection<float> projection(float const* movement) const { return {camera, range.movement(movement), settings}; }
  BERL_FN bool within(float drawn) const { return drawn >= low && drawn <= high; }

  /// Rows of pixels to a band, so that a band's samples take at most 64 KiB.
  int rows() const {
    int const fitting = 64 * 1024 / (A() * side() * 8);
    return fitting < 1 ? 1 : fitting < S ? fitting : S;
  }
};

/// The pixels of rows first ... last - 1.
///   keys     A (last - first) x side numbers that all members see
template <int S, class Team>
BERL_FN void rasterize_band(Team const& team, Raster<S> const& raster, Mesh<float, S> const& mesh, int first, int last,
                            unsigned long long* keys, float* drawn, float* rendered, int* faces) {
  int const A = raster.A(), side = raster.side(), samples = (last - first) * A * side;
  mesh.project(team);
  for (int i = Team::rank(); i < samples; i += Team::size) keys[i] = Nearest::background();
  Team::sync();
  for (int i = Team::rank(); i < mesh.triangles; i += Team::size) {
    bool const upper = i < mesh.cells;
    int const cell = upper ? i : i - mesh.cells, v = cell / (S - 1), u = cell % (S - 1);
    auto const t = mesh.triangle(upper, v, u);
    draw(team, t, mesh.face(t, upper, v, u), side, first * A, last * A, keys);
  }
  Team::sync();
  for (int i = Team::rank(); i < samples; i += Team::size) faces[first * A * side + i] = Nearest::face(keys[i]);
  for (int i = Team::rank(); i < (last - first) * S; i += Team::size) {
    float sum = 0;
    for (int j = 0; j < A; ++j)
      for (int k = 0; k < A; ++k) sum += Nearest::depth(keys[(i / S * A + j) * side + i % S * A + k]);
    float const mean = sum * (1 / static_cast<float>(A * A));
    drawn[first * S + i] = mean;
    rendered[first * S + i] = mean < raster.low ? raster.low : mean > raster.high ? raster.high : mean;
  }
  Team::sync();
}

/// One image of the pull-back: each pixel of the depth map is a corner of six triangles, whose samples it sums.
///   share    S x S numbers that all members see
template <int S, class Team, class DDepth, class DMovement>
BERL_FN void pull_raster(Team const& team, Raster<S> const& raster, Mesh<float, S> const& mesh, float const* drawn, int const* faces,
                         float const* d_rendered, DDepth const& d_depth, DMovement const& d_movement, int n, float* share) {
  int const A = raster.A(), side = raster.side();
  mesh.project(team);
  for (int i = Team::rank(); i < S * S; i += Team::size)
    share[i] = raster.within(drawn[i]) ? 1 / static_cast<float>(A * A) * d_rendered[i] : 0;
  Team::sync();
  auto const gradient = [share, A](int y, int x) { return share[y / A * S + x / A]; };
  MovementShare<float> movement;
  for (int i = Team::rank(); i < S * S; i += Team::size) {
    int const v = i / S, u = i % S;
    Vector<float> d{0, 0, 0};
    for (int j = 0; j < 6; ++j) {  // corner k of a triangle: the one opposite the diagonal, then those at it
      bool const upper = j < 3;
      int const k = j % 3, cell_v = v - ((k == 1) == upper ? 1 : 0), cell_u = u - ((k == 2) == upper ? 1 : 0);
      if (cell_v < 0 || cell_u < 0 || cell_v > S - 2 || cell_u > S - 2) continue;
      auto const t = mesh.triangle(upper, cell_v, cell_u);
      d = d + pull_corner(k, t, mesh.face(t, upper, cell_v, cell_u), side, faces, gradient);
    }
    auto const pulled = mesh.projection.pull(static_cast<float>(u), static_cast<float>(v), mesh.depth[i], d);
    if constexpr (!skips<DDepth>) put<DDepth>(d_depth.sample(n)[i], pulled.d);
    if constexpr (!skips<DMovement>) movement.add(pulled.dp, pulled.arm, pulled.dp);
  }
  if constexpr (!skips<DMovement>) movement.template put_to<DMovement>(team, d_movement.sample(n));
}

inline constexpr int raster_threads = 512;
template <int S>
inline constexpr std::size_t corner_bytes = Mesh<float, S>::keeps ? (S * S * sizeof(Corner<float>) + 15) / 16 * 16 : 0;  // keys follow
/// What the threads of a block may share on every GPU from sm_80 on, 163 KiB, without what the kernels have of their own.
inline constexpr std::size_t most_shared = 162 * KiB;

template <int S>
__global__ void __launch_bounds__(raster_threads)
    rasterize_kernel(Raster<S> raster, int rows, Read<float, Shape<1, S, S>, Cuda> depth, Read<float, Shape<12, 1, 1>, Cuda> movement,
                     Write<float, Shape<1, S, S>, Cuda> drawn, Write<float, Shape<1, S, S>, Cuda> rendered,
                     Write<std::int32_t, Shape<1, S, S>, Cuda> faces) {
  extern __shared__ __align__(16) unsigned char shared[];
  int const bands = (S + rows - 1) / rows, n = static_cast<int>(blockIdx.x) / bands, first = static_cast<int>(blockIdx.x) % bands * rows;
  Mesh<float, S> const mesh{raster.projection(movement.sample(n)), depth.sample(n), reinterpret_cast<Corner<float>*>(shared)};
  rasterize_band(gpu::Block<raster_threads>{}, raster, mesh, first, first + rows < S ? first + rows : S,
                 reinterpret_cast<unsigned long long*>(shared + corner_bytes<S>), drawn.sample(n), rendered.sample(n),
                 faces.sample(n * raster.A() * raster.A()));
}
template <int S, class DDepth, class DMovement>
__global__ void __launch_bounds__(raster_threads)
    pull_raster_kernel(Raster<S> raster, Read<float, Shape<1, S, S>, Cuda> depth, Read<float, Shape<12, 1, 1>, Cuda> movement,
                       Read<float, Shape<1, S, S>, Cuda> drawn, Read<std::int32_t, Shape<1, S, S>, Cuda> faces,
                       Read<float, Shape<1, S, S>, Cuda> d_rendered, DDepth d_depth, DMovement d_movement) {
  extern __shared__ __align__(16) unsigned char shared[];
  int const n = static_cast<int>(blockIdx.x);
  Mesh<float, S> const mesh{raster.projection(movement.sample(n)), depth.sample(n), reinterpret_cast<Corner<float>*>(shared)};
  pull_raster(gpu::Block<raster_threads>{}, raster, mesh, drawn.sample(n), faces.sample(n * raster.A() * raster.A()), d_rendered.sample(n),
              d_depth, d_movement, n, reinterpret_cast<float*>(shared + corner_bytes<S>));
}
template <class T>
struct RasterNumbers {
  static_assert(std::is_same_v<T, float>,
                "berl::imaging::rasterize on CUDA: depth maps are of float, since a sample's depth and face make one number of 64 bits.");
  static constexpr bool ok = std::is_same_v<T, float>;
};
}  // namespace berl::imaging::detail

/// The nearest face of a sample is the largest of whole numbers, and gradients are gathered: no result depends on which thread comes first.
template <>
struct berl::Kernel<berl::imaging::Rasterize, berl::Cuda> {
  template <class T, int S>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                      Read<T, Shape<12, 1, 1>, Cuda> movement, Write<T, Shape<1, S, S>, Cuda> drawn,
                      Write<T, Shape<1, S, S>, Cuda> rendered, Write<std::int32_t, Shape<1, S, S>, Cuda> faces) {
    using namespace imaging::detail;
    if constexpr (RasterNumbers<T>::ok) {
      Raster<S> const raster(settings);
      int const rows = raster.rows(), bands = (S + rows - 1) / rows;
      std::size_t const shared = corner_bytes<S> + static_cast<std::size_t>(rows * raster.A() * raster.side()) * sizeof(unsigned long long);
      if (shared > most_shared)
        throw Error(
            "berl::imaging::rasterize",
            std::to_string(raster.A()) + " samples to each side of a pixel, of " + std::to_string(S) + " pixels",
            "a row of pixels whose samples fit into " + std::to_string((most_shared - corner_bytes<S>) / KiB) + " KiB, at 8 bytes each",
            "Use a smaller supersampling.");
      gpu::launch(ctx, "berl::imaging::rasterize", rasterize_kernel<S>,
                  {static_cast<unsigned>(depth.batch() * bands), raster_threads, shared}, raster, rows, depth, movement, drawn, rendered,
                  faces);
    }
  }
  template <class T, int S, class DDepth, class DMovement>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                       Read<T, Shape<12, 1, 1>, Cuda> movement, Read<T, Shape<1, S, S>, Cuda> drawn,
                       Read<std::int32_t, Shape<1, S, S>, Cuda> faces, Read<T, Shape<1, S, S>, Cuda> d_rendered, DDepth d_depth,
                       DMovement d_movement) {
    using namespace imaging::detail;
    static_assert(
        corner_bytes<S> + S * S * sizeof(float) <= most_shared,
        "berl::imaging on CUDA: a depth map is kept in the memory that a block's threads share, and has at most 203 x 203 pixels.");
    if constexpr (RasterNumbers<T>::ok)
      gpu::launch(ctx, "berl::imaging::rasterize_backward", pull_raster_kernel<S, DDepth, DMovement>,
                  {static_cast<unsigned>(depth.batch()), raster_threads, corner_bytes<S> + S * S * sizeof(float)}, Raster<S>(settings),
                  depth, movement, drawn, faces, d_rendered, d_depth, d_movement);
  }
};
