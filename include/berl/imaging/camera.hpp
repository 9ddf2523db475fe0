#pragma once
#include <berl/core/config.hpp>       // BERL_FN
#include <berl/core/device.hpp>       // Context, Kernel
#include <berl/core/view.hpp>         // Read, Write, put
#include <berl/imaging/bands.hpp>     // for_bands
#include <berl/imaging/settings.hpp>  // Settings

#include <cmath>  // tan

namespace berl::imaging {
/// Where things are: the camera looks along z, and pixel (u, v) is the point at integer image coordinates.
///
///        camera ----> z        u = 0 ... S-1, to the right as x
///       /|                     v = 0 ... S-1, downwards as y
///   x  / |                     right-handed: x cross y = z
///     /  v y                   normals of a frontal surface are (0, 0, 1): away from the camera
///
/// A map of points or normals is planar: Shape<3, S, S>, channel 0 is x.
template <class T>
struct Vector {
  T x, y, z;
};
template <class T>
BERL_FN constexpr Vector<T> operator+(Vector<T> a, Vector<T> b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <class T>
BERL_FN constexpr Vector<T> operator-(Vector<T> a, Vector<T> b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <class T>
BERL_FN constexpr Vector<T> operator*(T a, Vector<T> b) {
  return {a * b.x, a * b.y, a * b.z};
}
template <class T>
BERL_FN constexpr T dot(Vector<T> a, Vector<T> b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class T>
BERL_FN constexpr Vector<T> cross(Vector<T> a, Vector<T> b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// The camera matrix K (he2022, Eq. 3), the same in u and v.
///   P = d K^-1 (u, v, 1);  dd = dP K^-1 (u, v, 1)
///   units  focal and centre in pixels, pitch = 1 / focal, the width of a pixel at depth 1
template <class T>
struct Camera {
  T focal, pitch, centre;

  BERL_FN constexpr T ray(T u) const { return (u - centre) * pitch; }  ///< x (or y, from v) at depth 1
  BERL_FN constexpr Vector<T> ray(T u, T v) const { return {ray(u), ray(v), T(1)}; }
  BERL_FN constexpr Vector<T> point(T u, T v, T d) const { return d * ray(u, v); }
  BERL_FN constexpr T pull_point(T u, T v, Vector<T> dp) const { return dot(ray(u, v), dp); }  // dd
};

/// f = (S - 1) / (2 tan(field of view / 2)),  c = (S - 1) / 2
template <class T, int S>
Camera<T> camera(Settings const& settings) {
  static_assert(S >= 3, "berl::imaging: maps need at least 3 x 3 pixels, since normals come from both neighbours.");
  double const f = (S - 1) / (2 * std::tan(settings.field_of_view * (3.14159265358979323846 / 180) / 2));
  return {T(f), T(1 / f), T(S - 1) / 2};
}

struct Points {};

/// Every pixel's point in space (spec: P = d K^-1 (u, v, 1)).
///   shapes  depth: (N, 1, S, S), points: (N, 3, S, S)
template <class D, class T, int S>
void points(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Write<T, Shape<3, S, S>, D> points) {
  Kernel<Points, D>::forward(ctx, settings, depth, points);
}
template <class D, class T, int S, class DDepth>
void points_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<3, S, S>, D> d_points, DDepth d_depth) {
  Kernel<Points, D>::backward(ctx, settings, d_points, d_depth);
}
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::Points, berl::Host> {
  template <class T, int S>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                      Write<T, Shape<3, S, S>, Host> points) {
    auto const camera = imaging::camera<T, S>(settings);
    imaging::for_bands(ctx, depth.batch(), S, [=](int n, int first, int last) {
      T const* const d = depth.sample(n);
      T* const p = points.sample(n);
      for (int v = first; v < last; ++v)
        for (int u = 0; u < S; ++u) {
          auto const at = camera.point(T(u), T(v), d[v * S + u]);
          p[v * S + u] = at.x;
          p[(S + v) * S + u] = at.y;
          p[(2 * S + v) * S + u] = at.z;
        }
    });
  }
  template <class T, int S, class DDepth>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<3, S, S>, Host> d_points, DDepth d_depth) {
    if constexpr (!skips<DDepth>) {
      auto const camera = imaging::camera<T, S>(settings);
      imaging::for_bands(ctx, d_points.batch(), S, [=](int n, int first, int last) {
        T const* const dp = d_points.sample(n);
        T* const dd = d_depth.sample(n);
        for (int v = first; v < last; ++v)
          for (int u = 0; u < S; ++u)
            put<DDepth>(dd[v * S + u], camera.pull_point(T(u), T(v), {dp[v * S + u], dp[(S + v) * S + u], dp[(2 * S + v) * S + u]}));
      });
    }
  }
};
