#pragma once
#include <berl/core/arena.hpp>            // Scope, padded
#include <berl/imaging/triangle_row.hpp>  // Corners, Row, draw, pull; Projection, Context, Kernel, bands, for_bands, parallel_for

#include <algorithm>  // clamp, copy_n, fill_n, max, min
#include <cstdint>    // int32_t

namespace berl::imaging {
struct Rasterize {};

namespace detail {
/// What a thread rasterises with, in memory that somebody else owns.
template <class T, int S>
struct RasterMemory {
  Corners<T> corners, gradients;
  T* samples;           // of a raster: inverse depth, or gradients
  std::int32_t* faces;  // likewise, for a band that is not the first

  static constexpr std::size_t map = padded<T>(S * S);
  static constexpr std::size_t bytes(int supersampling, bool is_band) {
    auto const n = static_cast<std::size_t>(supersampling * supersampling * S * S);
    return (6 * map + padded<T>(n)) * sizeof(T) + (is_band ? padded<std::int32_t>(n) * sizeof(std::int32_t) : 0);
  }
  RasterMemory(std::byte* block, int supersampling) {
    T* const maps = reinterpret_cast<T*>(block);
    corners = {maps, maps + map, maps + 2 * map};
    gradients = {maps + 3 * map, maps + 4 * map, maps + 5 * map};
    samples = maps + 6 * map;
    faces = reinterpret_cast<std::int32_t*>(samples + padded<T>(static_cast<std::size_t>(supersampling * supersampling * S * S)));
  }
};
/// A thread's run of images, or a band of one.
constexpr int raster_pieces(int batch, int threads, int rows) {
  int const k = bands(batch, threads, rows);
  return k > 1 ? batch * k : std::max(1, std::min(batch, threads));
}
}  // namespace detail

/// The depth seen from the viewpoint: the nearest of all triangles at each of A x A samples per pixel, 100 where there is none,
/// the mean of a pixel's samples, and that mean clamped.
///   drawn = mean of 1 / q,  rendered = clamp(drawn, depth_min - margin, depth_max + margin)
///   backward, the drawn triangles held fixed: dz_k = dy w_k (z / z_k)^2,  dx_k = dy z^2 w_k q_x,  dy_k = dy z^2 w_k q_y; none where
///   clamped and none from moving silhouettes
///   shapes   depth, drawn, rendered: (N, 1, S, S), movement: (N, 12, 1, 1); faces: (N A^2, 1, S, S), of which image n has A^2 in a row,
///            which are its raster of A S rows of A S samples: the face drawn, -1 for none
///   keeps    depth, movement, drawn, faces
///   scratch  rasterize_scratch_bytes
template <class D, class T, int S>
void rasterize(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Read<T, Shape<12, 1, 1>, D> movement,
               Write<T, Shape<1, S, S>, D> drawn, Write<T, Shape<1, S, S>, D> rendered, Write<std::int32_t, Shape<1, S, S>, D> faces) {
  Kernel<Rasterize, D>::forward(ctx, settings, depth, movement, drawn, rendered, faces);
}
template <class D, class T, int S, class DDepth, class DMovement>
void rasterize_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Read<T, Shape<12, 1, 1>, D> movement,
                        Read<T, Shape<1, S, S>, D> drawn, Read<std::int32_t, Shape<1, S, S>, D> faces,
                        Read<T, Shape<1, S, S>, D> d_rendered, DDepth d_depth, DMovement d_movement) {
  if constexpr (!skips<DDepth> || !skips<DMovement>)
    Kernel<Rasterize, D>::backward(ctx, settings, depth, movement, drawn, faces, d_rendered, d_depth, d_movement);
}

/// What either direction takes from the context's scratch on the host: one set of maps per run of images, or per band.
template <class T, int S>
constexpr std::size_t rasterize_scratch_bytes(int supersampling, int batch, int threads) {
  return detail::RasterMemory<T, S>::bytes(supersampling, bands(batch, threads, S) > 1) *
         static_cast<std::size_t>(detail::raster_pieces(batch, threads, S));
}
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::Rasterize, berl::Host> {
  template <class T, int S>
  static imaging::Projection<T> projection(imaging::Settings const& settings, T const* movement) {
    return {imaging::camera<T, S>(settings), imaging::ViewRange<T>(settings).movement(movement), settings};
  }
  static constexpr double farthest = 100;

  template <class T>
  using Corners = imaging::detail::Corners<T>;
  template <class T, int S>
  using Memory = imaging::detail::RasterMemory<T, S>;

  template <class T, int S>
  static void project(imaging::Projection<T> const& projection, T const* depth, Corners<T> to, int first, int last) {
    for (int v = first; v < last; ++v) {
      alignas(alignment) T x[S], y[S], q[S];
      for (int u = 0; u < S; ++u) {
        auto const corner = projection.value(T(u), T(v), depth[v * S + u]);
        x[u] = corner.x, y[u] = corner.y, q[u] = corner.q;
      }
      std::copy_n(x, S, to.x + v * S);
      std::copy_n(y, S, to.y + v * S);
      std::copy_n(q, S, to.q + v * S);
    }
  }

  /// The memory of each piece of work: a thread's run of images or, where images are fewer than threads, a band of one.
  template <class T, int S>
  struct Pieces {
    Scope scope;
    int A, count;
    std::size_t bytes;  // of one
    std::byte* block;

    Pieces(Context<Host>& ctx, int batch, int supersampling)
        : scope(ctx.scratch),
          A(supersampling),
          count(imaging::detail::raster_pieces(batch, ctx.threads, S)),
          bytes(Memory<T, S>::bytes(A, imaging::bands(batch, ctx.threads, S) > 1)),
          block(ctx.scratch.take<std::byte>(bytes * static_cast<std::size_t>(count))) {}
    Memory<T, S> operator[](std::ptrdiff_t i) const { return {block + bytes * static_cast<std::size_t>(i), A}; }
  };
  /// One run of images per thread: body(n, the run's piece). What is computed for an image does not depend on the run it is in. Bodies are
  /// compiled once for runs and bands, as parallel_for's are for one and many threads.
  template <class T, int S, class Body>
  static void each_image(Context<Host>& ctx, int batch, Pieces<T, S> const& pieces, Body const& body) {
    int const runs = pieces.count;
    parallel_for(ctx, runs, [&](std::ptrdiff_t run) {
      for (auto n = run * batch / runs; n < (run + 1) * batch / runs; ++n) body(static_cast<int>(n), static_cast<int>(run));
    });
  }

  template <class T, int S>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                      Read<T, Shape<12, 1, 1>, Host> movement, Write<T, Shape<1, S, S>, Host> drawn,
                      Write<T, Shape<1, S, S>, Host> rendered, Write<std::int32_t, Shape<1, S, S>, Host> faces) {
    int const A = settings.supersampling, side = A * S, batch = depth.batch(), k = imaging::bands(batch, ctx.threads, S);
    T const low = T(settings.depth_min - settings.margin()), high = T(settings.depth_max + settings.margin());
    // Rows of triangles into a raster.
    auto const draw_rows = [=](int n, int first, int last, Corners<T> corners, T* q, std::int32_t* face) __attribute__((noinline)) {
      project<T, S>(projection<T, S>(settings, movement.sample(n)), depth.sample(n), corners, first, last + 1);
      std::fill_n(q, side * side, T(1 / farthest));
      std::fill_n(face, side * side, -1);
      for (int v = first; v < last; ++v) {
        draw(imaging::detail::Row<T, S, true>(corners, v, side), side, q, face);
        draw(imaging::detail::Row<T, S, false>(corners, v, side), side, q, face);
      }
    };
    // Rows of pixels.
    auto const mean_rows = [=](int n, int first, int last, T const* q) __attribute__((noinline)) {
      std::int32_t const* const face = faces.sample(n * A * A);
      T const share = 1 / T(A * A);
      for (int v = first; v < last; ++v) {
        T sum[S] = {};
        for (int row = v * A * side; row < (v + 1) * A * side; row += side)
          for (int u = 0; u < S; ++u)
            for (int i = 0; i < A; ++i) {
              int const at = row + u * A + i;
              sum[u] += face[at] < 0 ? T(farthest) : 1 / q[at];
            }
        for (int u = 0; u < S; ++u) drawn.sample(n)[v * S + u] = sum[u] * share;
        for (int u = 0; u < S; ++u) rendered.sample(n)[v * S + u] = std::clamp(sum[u] * share, low, high);
      }
    };
    Pieces<T, S> const pieces(ctx, batch, A);
    if (k == 1)
      return each_image(ctx, batch, pieces, [&](int n, int piece) {
        auto const mine = pieces[piece];
        draw_rows(n, 0, S - 1, mine.corners, mine.samples, faces.sample(n * A * A));
        mean_rows(n, 0, S, mine.samples);
      });
    parallel_for(ctx, pieces.count, [&](std::ptrdiff_t i) {  // every band of triangles into a raster of its own
      int const n = static_cast<int>(i) / k, band = static_cast<int>(i) % k;
      auto const mine = pieces[i];
      draw_rows(n, imaging::first_row(band, k, S - 1), imaging::first_row(band + 1, k, S - 1), mine.corners, mine.samples,
                band == 0 ? faces.sample(n * A * A) : mine.faces);
    });
    imaging::for_bands(ctx, batch, S, [&](int n, int first, int last) {  // then of each sample the nearest
      T* const q = pieces[n * k].samples;
      std::int32_t* const face = faces.sample(n * A * A);
      for (int band = 1; band < k; ++band) {
        auto const other = pieces[n * k + band];
        for (int at = first * A * side; at < last * A * side; ++at)
          imaging::detail::keep(other.samples[at], other.faces[at], q[at], face[at]);
      }
      mean_rows(n, first, last, q);
    });
  }

  template <class T, int S, class DDepth, class DMovement>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                       Read<T, Shape<12, 1, 1>, Host> movement, Read<T, Shape<1, S, S>, Host> drawn,
                       Read<std::int32_t, Shape<1, S, S>, Host> faces, Read<T, Shape<1, S, S>, Host> d_rendered, DDepth d_depth,
                       DMovement d_movement) {
    int const A = settings.supersampling, side = A * S, batch = depth.batch(), k = imaging::bands(batch, ctx.threads, S);
    T const low = T(settings.depth_min - settings.margin()), high = T(settings.depth_max + settings.margin());
    // Rows of pixels: every sample's gradient, in a map of the raster.
    auto const spread_rows = [=](int n, int first, int last, T* dy) __attribute__((noinline)) {
      T const share = 1 / T(A * A);
      for (int v = first; v < last; ++v) {
        T row[S];
        for (int u = 0; u < S; ++u) {
          T const d = drawn.sample(n)[v * S + u];
          row[u] = d >= low && d <= high ? share * d_rendered.sample(n)[v * S + u] : T(0);
        }
        for (int j = 0; j < A; ++j)
          for (int u = 0; u < S; ++u)
            for (int i = 0; i < A; ++i) dy[(v * A + j) * side + u * A + i] = row[u];
      }
    };
    // Rows of corners.
    auto const pull_rows = [=](int n, int first, int last, Corners<T> corners, Corners<T> to, T const* dy) __attribute__((noinline)) {
      int const above = std::max(first - 1, 0), below = std::min(last + 1, S);  // corners of the triangles that have one in these rows
      project<T, S>(projection<T, S>(settings, movement.sample(n)), depth.sample(n), corners, above, below);
      std::fill_n(to.x + above * S, (below - above) * S, T(0));
      std::fill_n(to.y + above * S, (below - above) * S, T(0));
      std::fill_n(to.q + above * S, (below - above) * S, T(0));  // here of z
      std::int32_t const* const face = faces.sample(n * A * A);
      for (int v = above; v < below - 1; ++v) {
        pull(imaging::detail::Row<T, S, true>(corners, v, side), v, side, face, dy, to);
        pull(imaging::detail::Row<T, S, false>(corners, v, side), v, side, face, dy, to);
      }
    };
    Pieces<T, S> const pieces(ctx, batch, A);
    // The gradients that the image's bands have, from this piece on.
    auto const put_image = [&](int n, int piece) __attribute__((noinline)) {
      int band = 0;
      auto const projected = projection<T, S>(settings, movement.sample(n));
      imaging::detail::MovementSums<T, S> sums;
      for (int v = 0; v < S; ++v) {
        T const* const d = depth.sample(n) + v * S;
        if (imaging::first_row(band + 1, k, S) == v) ++band;
        Corners<T> const to = pieces[piece + band].gradients;
        alignas(alignment) T dd[S];
        for (int u = 0; u < S; ++u) {
          auto const pulled = projected.pull(T(u), T(v), d[u], {to.x[v * S + u], to.y[v * S + u], to.q[v * S + u]});
          dd[u] = pulled.d;
          if constexpr (!skips<DMovement>) sums.add(u, pulled.dp, pulled.arm, pulled.dp);
        }
        if constexpr (!skips<DDepth>)
          for (int u = 0; u < S; ++u) put<DDepth>(d_depth.sample(n)[v * S + u], dd[u]);
      }
      if constexpr (!skips<DMovement>) sums.template put_to<DMovement>(d_movement.sample(n));
    };
    if (k == 1)
      return each_image(ctx, batch, pieces, [&](int n, int piece) {
        auto const mine = pieces[piece];
        spread_rows(n, 0, S, mine.samples);
        pull_rows(n, 0, S, mine.corners, mine.gradients, mine.samples);
        put_image(n, piece);
      });
    imaging::for_bands(ctx, batch, S, [&](int n, int first, int last) { spread_rows(n, first, last, pieces[n * k].samples); });
    parallel_for(ctx, pieces.count, [&](std::ptrdiff_t i) {
      int const n = static_cast<int>(i) / k, band = static_cast<int>(i) % k;
      auto const mine = pieces[i];
      pull_rows(n, imaging::first_row(band, k, S), imaging::first_row(band + 1, k, S), mine.corners, mine.gradients, pieces[n * k].samples);
    });
    parallel_for(ctx, batch, [&](std::ptrdiff_t n) { put_image(static_cast<int>(n), static_cast<int>(n) * k); });
  }
};
