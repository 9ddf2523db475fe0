#pragma once
#include <berl/core/arena.hpp>        // Scope, padded
#include <berl/imaging/triangle.hpp>  // Corner, Triangle, Projection, Context, Kernel, parallel_for

#include <algorithm>  // clamp, copy_n, fill_n, max, min
#include <cstdint>    // int32_t

namespace berl::imaging {
struct Rasterize {};

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

/// What either direction takes from the context's scratch on the host: one set of maps per thread at work.
template <class T, int S>
constexpr std::size_t rasterize_scratch_bytes(int supersampling, int batch, int threads) {
  auto const A = static_cast<std::size_t>(supersampling);
  return static_cast<std::size_t>(std::max(1, std::min(batch, threads))) * (6 * padded<T>(S * S) + padded<T>(A * A * S * S)) * sizeof(T);
}
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::Rasterize, berl::Host> {
  template <class T, int S>
  static imaging::Projection<T> projection(imaging::Settings const& settings, T const* movement) {
    return {imaging::camera<T, S>(settings), imaging::ViewRange<T>(settings).movement(movement), settings};
  }
  static constexpr double nearest = 0.1, farthest = 100;

  /// One image's corners, or their gradients, planar.
  template <class T>
  struct Corners {
    T *x, *y, *q;
    imaging::Corner<T> operator[](int i) const { return {x[i], y[i], q[i]}; }
  };

  /// One kind of triangle in one row of cells, and the box of samples that each may cover. Small triangles go side by side through
  /// the samples of their boxes, so that all lanes of a vector work; large ones, which only odd settings make, go alone.
  template <class T, int S, bool is_upper>
  struct Row {
    static constexpr int small = 4;
    T x[2][S + 1], y[2][S + 1], q[2][S + 1];
    int face[S], left[S], top[S], columns[S], rows[S];
    int widest = 0, highest = 0, largest = 0;  // of the small boxes; of all

    Row(Corners<T> corners, int v, int side) {
      for (int j = 0; j < 2; ++j) {  // the last corner twice: triangle S - 1 is none
        int const first = (v + j) * S;
        std::copy_n(corners.x + first, S, x[j])[0] = corners.x[first + S - 1];
        std::copy_n(corners.y + first, S, y[j])[0] = corners.y[first + S - 1];
        std::copy_n(corners.q + first, S, q[j])[0] = corners.q[first + S - 1];
      }
      constexpr int cells = (S - 1) * (S - 1);
      int const index = (is_upper ? 0 : cells) + v * (S - 1);
      T const last = T(side - 1);
      for (int u = 0; u < S; ++u) {
        auto const t = triangle(u);
        face[u] = index + u + (t.front ? 0 : 2 * cells);
        imaging::Box<T> const box(t, last);
        left[u] = box.left;
        top[u] = box.top;
        columns[u] = box.columns;
        rows[u] = box.rows;
      }
      columns[S - 1] = rows[S - 1] = 0;
      for (int u = 0; u < S; ++u) {
        int const c = columns[u], r = rows[u], most = c > r ? c : r;
        widest = most <= small && c > widest ? c : widest;
        highest = most <= small && r > highest ? r : highest;
        largest = most > largest ? most : largest;
      }
    }
    imaging::Corner<T> corner(int j, int u) const { return {x[j][u], y[j][u], q[j][u]}; }
    imaging::Triangle<T> triangle(int u) const {
      if constexpr (is_upper)
        return imaging::Triangle<T>::upper(corner(0, u), corner(1, u), corner(0, u + 1));
      else
        return imaging::Triangle<T>::lower(corner(0, u + 1), corner(1, u), corner(1, u + 1));
    }
    bool is_large(int u) const { return columns[u] > small || rows[u] > small; }
  };

  template <class T, int S>
  static void project(imaging::Projection<T> const& projection, T const* depth, Corners<T> to) {
    for (int v = 0; v < S; ++v) {
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

  /// Splits the batch into one run of images per thread; what is computed for an image does not depend on the run it is in.
  template <class T, int S, class Body>
  static void each_image(Context<Host>& ctx, int batch, int raster, Body const& body) {
    Scope const scope(ctx.scratch);
    int const runs = std::max(1, std::min(batch, ctx.threads));
    auto const map = padded<T>(S * S), samples = padded<T>(static_cast<std::size_t>(raster) * static_cast<std::size_t>(raster));
    T* const block = ctx.scratch.take<T>((6 * map + samples) * static_cast<std::size_t>(runs));
    parallel_for(ctx, runs, [=](std::ptrdiff_t run) {
      T* const mine = block + (6 * map + samples) * static_cast<std::size_t>(run);
      Corners<T> const corners{mine, mine + map, mine + 2 * map}, gradients{mine + 3 * map, mine + 4 * map, mine + 5 * map};
      for (auto n = run * batch / runs; n < (run + 1) * batch / runs; ++n) body(static_cast<int>(n), corners, gradients, mine + 6 * map);
    });
  }

  /// What a row of triangles is at its samples (i, j): the sample, the weights, the inverse depth, and whether the sample
  /// is in the triangle. Sums and choices come in loops of their own: a compiler moves arithmetic into a choice, and no vector is left.
  template <class T, int S>
  struct Samples {
    int at[S], inside[S];
    T a[S], b[S], c[S], q[S];

    template <bool is_upper>
    Samples(Row<T, S, is_upper> const& row, int i, int j, int side) {
      for (int u = 0; u < S; ++u) {
        auto const t = row.triangle(u);
        auto const w = t.weights(T(row.left[u] + i), T(row.top[u] + j));
        a[u] = w.a, b[u] = w.b, c[u] = w.c, q[u] = t.inverse_depth(w);
      }
      for (int u = 0; u < S; ++u) {
        int const in = (i < row.columns[u]) & (j < row.rows[u]) & (row.columns[u] <= row.small) & (row.rows[u] <= row.small);
        at[u] = in * ((row.top[u] + j) * side + row.left[u] + i);
        inside[u] = in & (a[u] >= 0) & (b[u] >= 0) & (c[u] >= 0);
      }
    }
  };
  /// The nearer face wins; of two at one depth the one that comes first.
  template <class T>
  static void keep(T q, std::int32_t face, T& best, std::int32_t& drawn) {
    bool const wins = (q > best) | ((q == best) & (face < drawn));
    best = wins ? q : best;
    drawn = wins ? face : drawn;
  }
  template <class T, int S, bool is_upper>
  static void draw(Row<T, S, is_upper> const& row, int side, T* best, std::int32_t* drawn) {
    for (int j = 0; j < row.highest; ++j)
      for (int i = 0; i < row.widest; ++i) {
        Samples<T, S> const samples(row, i, j, side);
        int hit[S], hits = 0;  // few are: collected without a branch
        for (int u = 0; u < S - 1; ++u) {
          hit[hits] = u;
          hits += samples.inside[u] & (samples.q[u] < T(1 / nearest));
        }
        for (int k = 0; k < hits; ++k) {
          int const u = hit[k], at = samples.at[u];
          keep(samples.q[u], row.face[u], best[at], drawn[at]);
        }
      }
    if (row.largest <= row.small) return;
    for (int u = 0; u < S - 1; ++u)
      if (row.is_large(u))
        for (int y = row.top[u]; y < row.top[u] + row.rows[u]; ++y)
          for (int x = row.left[u]; x < row.left[u] + row.columns[u]; ++x) {
            auto const w = row.triangle(u).weights(T(x), T(y));
            T const q = row.triangle(u).inverse_depth(w);
            if (w.inside() && q < T(1 / nearest)) keep(q, row.face[u], best[y * side + x], drawn[y * side + x]);
          }
  }

  template <class T, int S>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                      Read<T, Shape<12, 1, 1>, Host> movement, Write<T, Shape<1, S, S>, Host> drawn,
                      Write<T, Shape<1, S, S>, Host> rendered, Write<std::int32_t, Shape<1, S, S>, Host> faces) {
    int const A = settings.supersampling, side = A * S;
    T const low = T(settings.depth_min - settings.margin()), high = T(settings.depth_max + settings.margin());
    each_image<T, S>(ctx, depth.batch(), side, [=](int n, Corners<T> corners, Corners<T>, T* q) {
      project<T, S>(projection<T, S>(settings, movement.sample(n)), depth.sample(n), corners);
      std::int32_t* const face = faces.sample(n * A * A);
      std::fill_n(q, side * side, T(1 / farthest));
      std::fill_n(face, side * side, -1);
      for (int v = 0; v < S - 1; ++v) {
        draw(Row<T, S, true>(corners, v, side), side, q, face);
        draw(Row<T, S, false>(corners, v, side), side, q, face);
      }
      T const share = 1 / T(A * A);
      for (int v = 0; v < S; ++v) {
        T sum[S] = {};
        for (int row = v * A * side; row < (v + 1) * A * side; row += side)
          for (int u = 0; u < S; ++u)
            for (int k = 0; k < A; ++k) {
              int const at = row + u * A + k;
              sum[u] += face[at] < 0 ? T(farthest) : 1 / q[at];
            }
        for (int u = 0; u < S; ++u) drawn.sample(n)[v * S + u] = sum[u] * share;
        for (int u = 0; u < S; ++u) rendered.sample(n)[v * S + u] = std::clamp(sum[u] * share, low, high);
      }
    });
  }

  /// Every triangle sums over the samples where it was drawn, then hands that to its corners.
  template <class T, int S, bool is_upper>
  static void pull(Row<T, S, is_upper> const& row, int v, int side, std::int32_t const* drawn, T const* dy, Corners<T> to) {
    T all[S] = {}, b[S] = {}, c[S] = {}, d[S];  // sums of dy z^2, and that times w_b and w_c
    for (int j = 0; j < row.highest; ++j)
      for (int i = 0; i < row.widest; ++i) {
        Samples<T, S> samples(row, i, j, side);
        for (int u = 0; u < S; ++u) d[u] = dy[samples.at[u]] / (samples.q[u] * samples.q[u]);
        for (int u = 0; u < S; ++u) samples.inside[u] &= drawn[samples.at[u]] == row.face[u] ? 1 : 0;
        for (int u = 0; u < S; ++u) d[u] = samples.inside[u] != 0 ? d[u] : T(0);
        for (int u = 0; u < S; ++u) samples.b[u] = samples.inside[u] != 0 ? samples.b[u] : T(0);
        for (int u = 0; u < S; ++u) samples.c[u] = samples.inside[u] != 0 ? samples.c[u] : T(0);
        for (int u = 0; u < S; ++u) all[u] += d[u], b[u] += d[u] * samples.b[u], c[u] += d[u] * samples.c[u];
      }
    if (row.largest > row.small)
      for (int u = 0; u < S - 1; ++u)
        if (row.is_large(u))
          for (int y = row.top[u]; y < row.top[u] + row.rows[u]; ++y)
            for (int x = row.left[u]; x < row.left[u] + row.columns[u]; ++x)
              if (drawn[y * side + x] == row.face[u]) {
                auto const w = row.triangle(u).weights(T(x), T(y));
                T const q = row.triangle(u).inverse_depth(w), z = dy[y * side + x] / (q * q);
                all[u] += z, b[u] += z * w.b, c[u] += z * w.c;
              }
    T qx[S], qy[S], q[3][S];
    for (int u = 0; u < S; ++u) {
      auto const t = row.triangle(u);
      t.slope(qx[u], qy[u]);
      q[0][u] = t.a.q, q[1][u] = t.b.q, q[2][u] = t.c.q;
      all[u] = all[u] - b[u] - c[u];
    }
    T const* const weighted[3] = {all, b, c};
    int const first = v * S, at[3] = {is_upper ? first : first + S + 1, is_upper ? first + S : first + 1, is_upper ? first + 1 : first + S};
    for (int k = 0; k < 3; ++k) {  // d = 0 for triangles never drawn, whose slope may be no number
      hand_on<S>(weighted[k], qx, to.x + at[k]);
      hand_on<S>(weighted[k], qy, to.y + at[k]);
      for (int u = 0; u < S; ++u) q[k][u] *= q[k][u];
      hand_on<S>(weighted[k], q[k], to.q + at[k]);
    }
  }
  template <int S, class T>
  static void hand_on(T const* d, T const* slope, T* to) {
    T product[S - 1];
    for (int u = 0; u < S - 1; ++u) product[u] = d[u] * slope[u];
    for (int u = 0; u < S - 1; ++u) to[u] += d[u] != 0 ? product[u] : T(0);
  }

  template <class T, int S, class DDepth, class DMovement>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                       Read<T, Shape<12, 1, 1>, Host> movement, Read<T, Shape<1, S, S>, Host> drawn,
                       Read<std::int32_t, Shape<1, S, S>, Host> faces, Read<T, Shape<1, S, S>, Host> d_rendered, DDepth d_depth,
                       DMovement d_movement) {
    int const A = settings.supersampling, side = A * S;
    T const low = T(settings.depth_min - settings.margin()), high = T(settings.depth_max + settings.margin());
    each_image<T, S>(ctx, depth.batch(), side, [=](int n, Corners<T> corners, Corners<T> to, T* dy) {
      auto const projected = projection<T, S>(settings, movement.sample(n));
      project<T, S>(projected, depth.sample(n), corners);
      T const share = 1 / T(A * A);
      for (int v = 0; v < S; ++v) {  // every sample's gradient, in a map of the raster
        T row[S];
        for (int u = 0; u < S; ++u) {
          T const d = drawn.sample(n)[v * S + u];
          row[u] = d >= low && d <= high ? share * d_rendered.sample(n)[v * S + u] : T(0);
        }
        for (int j = 0; j < A; ++j)
          for (int u = 0; u < S; ++u)
            for (int k = 0; k < A; ++k) dy[(v * A + j) * side + u * A + k] = row[u];
      }
      std::fill_n(to.x, S * S, T(0));
      std::fill_n(to.y, S * S, T(0));
      std::fill_n(to.q, S * S, T(0));  // here of z
      std::int32_t const* const face = faces.sample(n * A * A);
      for (int v = 0; v < S - 1; ++v) {
        pull(Row<T, S, true>(corners, v, side), v, side, face, dy, to);
        pull(Row<T, S, false>(corners, v, side), v, side, face, dy, to);
      }
      imaging::detail::MovementSums<T, S> sums;
      for (int v = 0; v < S; ++v) {
        T const* const d = depth.sample(n) + v * S;
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
    });
  }
};
