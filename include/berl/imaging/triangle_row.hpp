#pragma once
#include <berl/imaging/triangle.hpp>  // Corner, Triangle, Box

#include <algorithm>  // copy_n
#include <cstdint>    // int32_t

/// The triangles of the grid a row at a time, as the host's rasteriser draws them and pulls their gradients back.
namespace berl::imaging::detail {
inline constexpr double nearest = 0.1;  // what is nearer is not drawn

/// One image's corners, or their gradients, planar.
template <class T>
struct Corners {
  T *x, *y, *q;
  Corner<T> operator[](int i) const { return {x[i], y[i], q[i]}; }
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
      Box<T> const box(t, last);
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
  Corner<T> corner(int j, int u) const { return {x[j][u], y[j][u], q[j][u]}; }
  Triangle<T> triangle(int u) const {
    if constexpr (is_upper)
      return Triangle<T>::upper(corner(0, u), corner(1, u), corner(0, u + 1));
    else
      return Triangle<T>::lower(corner(0, u + 1), corner(1, u), corner(1, u + 1));
  }
  bool is_large(int u) const { return columns[u] > small || rows[u] > small; }
};

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
void keep(T q, std::int32_t face, T& best, std::int32_t& drawn) {
  bool const wins = (q > best) | ((q == best) & (face < drawn));
  best = wins ? q : best;
  drawn = wins ? face : drawn;
}
template <class T, int S, bool is_upper>
void draw(Row<T, S, is_upper> const& row, int side, T* best, std::int32_t* drawn) {
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

/// to += d slope, for the S - 1 triangles of a row; 0 for those never drawn, whose slope may be no number.
template <int S, class T>
void hand_on(T const* d, T const* slope, T* to) {
  T product[S - 1];
  for (int u = 0; u < S - 1; ++u) product[u] = d[u] * slope[u];
  for (int u = 0; u < S - 1; ++u) to[u] += d[u] != 0 ? product[u] : T(0);
}
/// Every triangle of row v sums over the samples where it was drawn, then hands that to its corners.
template <class T, int S, bool is_upper>
void pull(Row<T, S, is_upper> const& row, int v, int side, std::int32_t const* drawn, T const* dy, Corners<T> to) {
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
}  // namespace berl::imaging::detail
