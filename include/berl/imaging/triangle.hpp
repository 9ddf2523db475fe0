#pragma once
#include <berl/imaging/viewpoint.hpp>  // Camera, Movement

namespace berl::imaging {
/// The depth map as a mesh of (S-1)(S-1) cells, seen from another viewpoint (kato2018 as used by wu2020).
///
///   a = (u, v) ---- c        T1 = a, b, c   faces 0 ... (S-1)^2 - 1, cells in row order
///   |        G  /   |        T2 = c, b, d   the next (S-1)^2
///   |         /     |        then all faces once more with their vertices reversed, so that both sides are seen: the one of
///   b ---- d                 the two that turns its front to the camera is drawn, which here only decides its index
///
/// Corners are handled in raster units, where samples are integers (i, j): x = A u - A offset - 1/2.
template <class T>
struct Corner {
  T x, y, q;  // projected position and inverse depth 1 / z
};

/// Twice the signed area of (a, b, p): 0 on the line. Both triangles at an edge ask with the same a and b, so that they find p on
/// the same side or on the line, and no sample between them is lost by rounding.
template <class T>
struct Edge {
  T x, y, dx, dy;

  BERL_FN constexpr Edge(Corner<T> a, Corner<T> b) : x(a.x), y(a.y), dx(b.x - a.x), dy(b.y - a.y) {}
  BERL_FN constexpr T side(T px, T py) const { return difference(dx, py - y, dy, px - x); }

 private:
  /// a b - c d. A GPU's compiler may fuse either product with the difference, and differently from place to place: here it is told which.
  static BERL_FN constexpr T difference(T a, T b, T c, T d) {
#if BERL_ON_GPU
    if constexpr (sizeof(T) == 4)
      return __fmaf_rn(a, b, -__fmul_rn(c, d));
    else
      return __fma_rn(a, b, -__dmul_rn(c, d));
#else
    return a * b - c * d;
#endif
  }
};

/// One triangle: its corner a opposite the diagonal G, and the two at the diagonal, b and c. For T1 these are the mesh's a, b, c; for
/// T2, which is T1 turned by half a circle, they are its d, c, b.
///   E = side(first, second, third) in the mesh's order;  w_a = G / E',  w_b = H / E',  w_c = -V / E'  with E' = -E for T1, E for T2,
///   where H is the level edge and V the upright one
///   q = w_a / z_a + w_b / z_b + w_c / z_c, affine in (i, j): the depth is 1 / q
template <class T>
struct Triangle {
  Corner<T> a, b, c;
  Edge<T> h, v, g;     // edges, from the lower to the higher index
  T scale;             // 1 / E'
  bool front, covers;  // covers: false where E = 0 or no number

  static BERL_FN constexpr Triangle upper(Corner<T> a, Corner<T> b, Corner<T> c) {
    T const e = Edge<T>(a, b).side(c.x, c.y);
    bool const covers = (e < 0) | (e > 0);
    return {a, b, c, Edge<T>(a, c), Edge<T>(a, b), Edge<T>(c, b), -1 / e, e < 0, covers};
  }
  static BERL_FN constexpr Triangle lower(Corner<T> c, Corner<T> b, Corner<T> d) {
    T const e = Edge<T>(c, b).side(d.x, d.y);
    bool const covers = (e < 0) | (e > 0);
    return {d, c, b, Edge<T>(b, d), Edge<T>(c, d), Edge<T>(c, b), 1 / e, e < 0, covers};
  }
  struct Weights {
    T a, b, c;
    BERL_FN constexpr bool inside() const { return (a >= 0) & (b >= 0) & (c >= 0); }  // no short cuts: this runs in vectors
  };
  BERL_FN constexpr Weights weights(T x, T y) const { return {scale * g.side(x, y), scale * h.side(x, y), -scale * v.side(x, y)}; }
  BERL_FN constexpr T inverse_depth(Weights w) const { return a.q + w.b * (b.q - a.q) + w.c * (c.q - a.q); }
  /// Of the triangle's plane, per raster unit.
  BERL_FN constexpr void slope(T& qx, T& qy) const {
    T const b_q = scale * (b.q - a.q), c_q = scale * (c.q - a.q);
    qx = c_q * v.dy - b_q * h.dy;
    qy = b_q * h.dx - c_q * v.dx;
  }
};

/// The samples that a triangle may cover, of a raster whose last row and column have the number `last`.
template <class T>
struct Box {
  int left, top, columns, rows;  // no columns or no rows: none

  BERL_FN constexpr Box(Triangle<T> const& t, T last)
      : left(ceiling(lesser(lesser(t.a.x, t.b.x), t.c.x), last)),
        top(ceiling(lesser(lesser(t.a.y, t.b.y), t.c.y), last)),
        columns(floor(greater(greater(t.a.x, t.b.x), t.c.x), last)),
        rows(floor(greater(greater(t.a.y, t.b.y), t.c.y), last)) {
    bool const any = t.covers & (columns >= left) & (rows >= top);
    columns = any ? columns - left + 1 : 0;
    rows = any ? rows - top + 1 : 0;
  }

 private:
  static BERL_FN constexpr T lesser(T a, T b) { return a < b ? a : b; }
  static BERL_FN constexpr T greater(T a, T b) { return a > b ? a : b; }
  static BERL_FN constexpr int ceiling(T x, T last) {  // at least 0, at most last + 1
    T const some = x > 0 ? x : T(0), bounded = some < last + 1 ? some : last + 1;
    int const whole = static_cast<int>(bounded);
    return whole + (T(whole) < bounded ? 1 : 0);
  }
  static BERL_FN constexpr int floor(T x, T last) {  // at least -1, at most last
    T const some = x < last ? x : last, bounded = some > -1 ? some : T(-1);
    return static_cast<int>(bounded + 1) - 1;
  }
};

/// From a canonical depth to the corner, and the corner's gradient back to the depth and the movement.
///   u = f X / (Z + 1e-9) + c, v likewise, z = Z
///   dX = du f / (Z + 1e-9),  dZ = dz - (du f X + dv f Y) / (Z + 1e-9)^2
template <class T>
struct Projection {
  Camera<T> camera;
  Movement<T> movement;
  T scale, shift;  // x = scale X / (Z + 1e-9) + shift

  BERL_FN constexpr Projection(Camera<T> const& k, Movement<T> const& m, Settings const& settings)
      : camera(k),
        movement(m),
        scale(T(settings.supersampling) * k.focal),
        shift(T(settings.supersampling) * (k.centre + (settings.raster_offset == RasterOffset::centred ? T(0.5) : T(0))) - T(0.5)) {}

  static BERL_FN constexpr T inverse(T z) {  // finite even for what lies in the camera
    T const divisor = z + T(1e-9);
    return 1 / (divisor > T(1e-12) || divisor < T(-1e-12) ? divisor : T(1e-12));
  }

  BERL_FN constexpr Corner<T> value(T u, T v, T d) const {
    auto const p = movement.move(camera.point(u, v, d));
    T const i = scale * inverse(p.z);
    return {i * p.x + shift, i * p.y + shift, 1 / p.z};
  }
  struct Pulled {
    T d;
    Vector<T> dp, arm;  // dR = dp arm^T, dt = dp
  };
  BERL_FN constexpr Pulled pull(T u, T v, T d, Vector<T> dxyz) const {  // dxyz: of x, y and z
    auto const arm = movement.arm(camera.point(u, v, d));
    auto const turned = movement.rotate(arm);
    auto const p = turned + movement.t;
    T const i = inverse(p.z + movement.centre);
    T const gx = scale * i * dxyz.x, gy = scale * i * dxyz.y;
    Vector<T> const dp{gx, gy, dxyz.z - i * (gx * p.x + gy * p.y)};
    return {camera.pull_point(u, v, movement.rotate_back(dp)), dp, arm};
  }
};
}  // namespace berl::imaging
