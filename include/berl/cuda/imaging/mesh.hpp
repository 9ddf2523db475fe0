#pragma once
#include <berl/imaging/triangle.hpp>  // Corner, Triangle, Projection, Box

/// A depth map's mesh as a block of the GPU sees it: each corner, each triangle and each pixel by itself.
namespace berl::imaging::detail {
/// A depth map and where its corners are seen: projected once into memory that the team shares, where they fit.
template <class T, int S>
struct Mesh {
  static constexpr bool keeps = S * S * sizeof(Corner<T>) <= 48 * 1024;
  static constexpr int cells = (S - 1) * (S - 1), triangles = 2 * cells;

  Projection<T> projection;
  T const* depth;
  Corner<T>* corners;  // S x S of them, if kept

  template <class Team>
  BERL_FN void project(Team const&) const {
    if constexpr (keeps)
      for (int i = Team::rank(); i < S * S; i += Team::size) corners[i] = projection.value(T(i % S), T(i / S), depth[i]);
  }
  BERL_FN Corner<T> corner(int v, int u) const {
    if constexpr (keeps)
      return corners[v * S + u];
    else
      return projection.value(T(u), T(v), depth[v * S + u]);
  }
  /// T1 or T2 of cell (v, u).
  BERL_FN Triangle<T> triangle(bool upper, int v, int u) const {
    if (upper) return Triangle<T>::upper(corner(v, u), corner(v + 1, u), corner(v, u + 1));
    return Triangle<T>::lower(corner(v, u + 1), corner(v + 1, u), corner(v + 1, u + 1));
  }
  BERL_FN static int face(Triangle<T> const& t, bool upper, int v, int u) {
    return (upper ? 0 : cells) + v * (S - 1) + u + (t.front ? 0 : triangles);
  }
};

/// The nearest face at a sample, as one whole number: the larger inverse depth is larger, and of two equal ones the lower face is.
struct Nearest {
  static constexpr float nearest = 0.1f, farthest = 100;
  static constexpr unsigned no_face = 0xffffffff;

  BERL_FN static unsigned long long key(float q, unsigned low) {
    return static_cast<unsigned long long>(__builtin_bit_cast(unsigned, q)) << 32 | low;  // q is positive
  }
  BERL_FN static unsigned long long background() { return key(1 / farthest, no_face); }
  BERL_FN static unsigned long long of(float q, int face) { return key(q, no_face - 1 - static_cast<unsigned>(face)); }
  BERL_FN static float inverse_depth(unsigned long long key) { return __builtin_bit_cast(float, static_cast<unsigned>(key >> 32)); }
  BERL_FN static int face(unsigned long long key) { return static_cast<int>(no_face - 1 - static_cast<unsigned>(key)); }  // -1: none
  BERL_FN static float depth(unsigned long long key) { return face(key) < 0 ? farthest : 1 / inverse_depth(key); }
  /// Whether a sample of inverse depth q is between the planes that limit what is seen.
  BERL_FN static bool seen(float q) { return q < 1 / nearest && q > 1 / farthest; }
};

/// Draws the samples of a triangle that lie in rows first ... last - 1 of a raster.
template <class Team>
BERL_FN void draw(Team const&, Triangle<float> const& t, int face, int side, int first, int last, unsigned long long* keys) {
  Box<float> const box(t, static_cast<float>(side - 1));
  int const from = box.top > first ? box.top : first, to = box.top + box.rows < last ? box.top + box.rows : last;
  for (int y = from; y < to; ++y)
    for (int x = box.left; x < box.left + box.columns; ++x) {
      auto const w = t.weights(static_cast<float>(x), static_cast<float>(y));
      float const q = t.inverse_depth(w);
      if (w.inside() && Nearest::seen(q)) Team::raise(keys[(y - first) * side + x], Nearest::of(q, face));
    }
}

/// What corner k of a triangle gets, x, y and z, from the samples where the triangle was drawn: dy z^2 w times q_x, q_y and 1 / z_k^2.
///   gradient(y, x) is the sample's dy
template <class Gradient>
BERL_FN Vector<float> pull_corner(int k, Triangle<float> const& t, int face, int side, int const* drawn, Gradient const& gradient) {
  Box<float> const box(t, static_cast<float>(side - 1));
  float sum = 0;
  for (int y = box.top; y < box.top + box.rows; ++y)
    for (int x = box.left; x < box.left + box.columns; ++x)
      if (drawn[y * side + x] == face) {
        auto const w = t.weights(static_cast<float>(x), static_cast<float>(y));
        float const q = t.inverse_depth(w);
        sum += gradient(y, x) / (q * q) * (k == 0 ? w.a : k == 1 ? w.b : w.c);
      }
  if (sum == 0) return {0, 0, 0};  // where it was not drawn, its slope may be no number
  float qx, qy;
  t.slope(qx, qy);
  float const q = k == 0 ? t.a.q : k == 1 ? t.b.q : t.c.q;
  return {sum * qx, sum * qy, sum * (q * q)};
}
}  // namespace berl::imaging::detail
