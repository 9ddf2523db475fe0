#pragma once
#include <berl/imaging/camera.hpp>  // Vector, Context, Kernel, parallel_for

#include <cmath>  // sin, cos

namespace berl::imaging {
/// How a face is moved from its canonical place to where the picture shows it (he2022, Eq. 2, about a centre C).
///   forward   X' = R (X - C) + C + t;    dX = R^T dX',  dt = sum of dX',      dR = sum of dX' (X - C)^T
///   inverse   X = R^T (X' - t - C) + C;  dX' = R dX,    dt = - sum of R dX,   dR = sum of (X' - t - C) dX^T
///   units     C = (0, 0, centre)
template <class T>
struct Movement {
  Vector<T> row[3];  // of R
  Vector<T> t;
  T centre;

  BERL_FN constexpr Vector<T> rotate(Vector<T> a) const { return {dot(row[0], a), dot(row[1], a), dot(row[2], a)}; }
  BERL_FN constexpr Vector<T> rotate_back(Vector<T> a) const { return a.x * row[0] + a.y * row[1] + a.z * row[2]; }
  /// X - C and X' - t - C, what is turned
  BERL_FN constexpr Vector<T> arm(Vector<T> x) const { return {x.x, x.y, x.z - centre}; }
  BERL_FN constexpr Vector<T> arm_back(Vector<T> x) const { return {x.x - t.x, x.y - t.y, x.z - t.z - centre}; }
  BERL_FN constexpr Vector<T> move(Vector<T> x) const {
    auto const y = rotate(arm(x));
    return {y.x + t.x, y.y + t.y, y.z + t.z + centre};
  }
  BERL_FN constexpr Vector<T> move_back(Vector<T> x) const {
    auto const y = rotate_back(arm_back(x));
    return {y.x, y.y, y.z + centre};
  }
};

/// From the view network's six tanh outputs to R = Rz Ry Rx and t.
///   r = (p0, p1, p2) angle,  t = (p3 shift, p4 shift, p5 shift_z)
///   dp0 = angle <dR, Rz Ry Rx'>,  dp1 = angle <dR, Rz Ry' Rx>,  dp2 = angle <dR, Rz' Ry Rx>,  dp3 = shift dt_x, ...
///   units  p in [-1, 1]; angle in radians; a movement in memory is R row by row, then t: 12 numbers
template <class T>
struct ViewRange {
  T angle, shift, shift_z, centre;

  explicit ViewRange(Settings const& s)
      : angle(T(s.rotation_range * (3.14159265358979323846 / 180))),
        shift(T(s.translation_range)),
        shift_z(T(s.z_translation_range)),
        centre(T(s.centre())) {}

  BERL_FN void value(T const* p, T* movement) const {
    T const cx = std::cos(p[0] * angle), sx = std::sin(p[0] * angle);
    T const cy = std::cos(p[1] * angle), sy = std::sin(p[1] * angle);
    T const cz = std::cos(p[2] * angle), sz = std::sin(p[2] * angle);
    // clang-format off
    T const m[12] = {cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
                     sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
                     -sy,     cy * sx,                cy * cx,
                     p[3] * shift, p[4] * shift, p[5] * shift_z};
    // clang-format on
    for (int i = 0; i < 12; ++i) movement[i] = m[i];
  }
  BERL_FN void pull(T const* p, T const* d, T* dp) const {
    T const cx = std::cos(p[0] * angle), sx = std::sin(p[0] * angle);
    T const cy = std::cos(p[1] * angle), sy = std::sin(p[1] * angle);
    T const cz = std::cos(p[2] * angle), sz = std::sin(p[2] * angle);
    dp[0] = angle * (d[1] * (cz * sy * cx + sz * sx) + d[2] * (sz * cx - cz * sy * sx) +   //
                     d[4] * (sz * sy * cx - cz * sx) + d[5] * (-sz * sy * sx - cz * cx) +  //
                     d[7] * cy * cx - d[8] * cy * sx);
    dp[1] = angle * (-d[0] * cz * sy + d[1] * cz * cy * sx + d[2] * cz * cy * cx +  //
                     -d[3] * sz * sy + d[4] * sz * cy * sx + d[5] * sz * cy * cx +  //
                     -d[6] * cy - d[7] * sy * sx - d[8] * sy * cx);
    dp[2] = angle * (-d[0] * sz * cy + d[1] * (-sz * sy * sx - cz * cx) + d[2] * (cz * sx - sz * sy * cx) +  //
                     d[3] * cz * cy + d[4] * (cz * sy * sx - sz * cx) + d[5] * (cz * sy * cx + sz * sx));
    dp[3] = shift * d[9];
    dp[4] = shift * d[10];
    dp[5] = shift_z * d[11];
  }
  BERL_FN Movement<T> movement(T const* m) const {
    return {{{m[0], m[1], m[2]}, {m[3], m[4], m[5]}, {m[6], m[7], m[8]}}, {m[9], m[10], m[11]}, centre};
  }
};

struct Viewpoint {};

/// shapes  view: (N, 6, 1, 1), movement: (N, 12, 1, 1)
/// keeps   view
template <class D, class T>
void viewpoint(Context<D>& ctx, Settings const& settings, Read<T, Shape<6, 1, 1>, D> view, Write<T, Shape<12, 1, 1>, D> movement) {
  Kernel<Viewpoint, D>::forward(ctx, settings, view, movement);
}
template <class D, class T, class DView>
void viewpoint_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<6, 1, 1>, D> view, Read<T, Shape<12, 1, 1>, D> d_movement,
                        DView d_view) {
  if constexpr (!skips<DView>) Kernel<Viewpoint, D>::backward(ctx, settings, view, d_movement, d_view);
}

namespace detail {
/// Sums over an image of the 12 numbers of dR and dt: one sum per column, so that rows vectorise, then over columns.
template <class T, int S>
struct MovementSums {
  T sum[12][S] = {};

  BERL_FN void add(int u, Vector<T> a, Vector<T> b, Vector<T> dt) {  // dR += a b^T
    sum[0][u] += a.x * b.x, sum[1][u] += a.x * b.y, sum[2][u] += a.x * b.z;
    sum[3][u] += a.y * b.x, sum[4][u] += a.y * b.y, sum[5][u] += a.y * b.z;
    sum[6][u] += a.z * b.x, sum[7][u] += a.z * b.y, sum[8][u] += a.z * b.z;
    sum[9][u] += dt.x, sum[10][u] += dt.y, sum[11][u] += dt.z;
  }
  template <class DMovement>
  void put_to(T* d_movement) const {
    for (int i = 0; i < 12; ++i) {
      T total = 0;
      for (int u = 0; u < S; ++u) total += sum[i][u];
      put<DMovement>(d_movement[i], total);
    }
  }
};
}  // namespace detail
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::Viewpoint, berl::Host> {
  template <class T>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<6, 1, 1>, Host> view,
                      Write<T, Shape<12, 1, 1>, Host> movement) {
    imaging::ViewRange<T> const range(settings);
    parallel_for(ctx, view.batch(),
                 [=](std::ptrdiff_t n) { range.value(view.sample(static_cast<int>(n)), movement.sample(static_cast<int>(n))); });
  }
  template <class T, class DView>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<6, 1, 1>, Host> view,
                       Read<T, Shape<12, 1, 1>, Host> d_movement, DView d_view) {
    imaging::ViewRange<T> const range(settings);
    parallel_for(ctx, view.batch(), [=](std::ptrdiff_t sample) {
      int const n = static_cast<int>(sample);
      T dp[6];
      range.pull(view.sample(n), d_movement.sample(n), dp);
      for (int i = 0; i < 6; ++i) put<DView>(d_view.sample(n)[i], dp[i]);
    });
  }
};
