#pragma once
#include <berl/imaging/camera.hpp>  // Camera, Vector, Context, Kernel, for_bands

#include <algorithm>  // max
#include <cmath>      // sqrt

namespace berl::imaging {
/// The normal of the depth map at one pixel, from the depth of its four neighbours (wu2020).
///   t_u = P(u+1, v) - P(u-1, v),  t_v = P(u, v+1) - P(u, v-1),  c = t_u x t_v,  n = c / (|c| + e)
///   dc = dn / (|c| + e) - c (c dn) / (|c| (|c| + e)^2), 0 where c = 0;  dt_u = t_v x dc,  dt_v = dc x t_u
template <class T>
struct NormalStencil {
  Vector<T> tu, tv, c;

  BERL_FN constexpr NormalStencil(Camera<T> const& k, T u, T v, T left, T right, T up, T down)
      : tu{right * k.ray(u + 1) - left * k.ray(u - 1), (right - left) * k.ray(v), right - left},
        tv{(down - up) * k.ray(u), down * k.ray(v + 1) - up * k.ray(v - 1), down - up},
        c(cross(tu, tv)) {}
  /// 1 / (length + e), or 0 where the neighbours give no plane
  static BERL_FN constexpr T inverse(T length, T e) { return length + e > 0 ? 1 / (length + e) : T(0); }

  struct Neighbours {
    T left, right, up, down;
  };
  /// What dn means for the depth of the four.
  BERL_FN constexpr Neighbours pull(Camera<T> const& k, T u, T v, T length, T e, Vector<T> dn) const {
    T const i = inverse(length, e);
    T const along = length > 0 ? i * i * dot(c, dn) / length : T(0);
    T const across = length > 0 ? i : T(0);
    auto const dc = across * dn - along * c;
    auto const dtu = cross(tv, dc), dtv = cross(dc, tu);
    return {-dot(dtu, k.ray(u - 1, v)), dot(dtu, k.ray(u + 1, v)), -dot(dtv, k.ray(u, v - 1)), dot(dtv, k.ray(u, v + 1))};
  }
};

struct Normals {};

/// Depth to normals. On the frame of one pixel c = (0, 0, 1), which has no gradient.
///   shapes  depth: (N, 1, S, S), normal: (N, 3, S, S)
///   units   |normal| is 0.9968 for a flat face at depth 1 and S = 64, since e = normal_epsilon shortens it as published
///   keeps   depth
template <class D, class T, int S>
void normals(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Write<T, Shape<3, S, S>, D> normal) {
  Kernel<Normals, D>::forward(ctx, settings, depth, normal);
}
template <class D, class T, int S, class DDepth>
void normals_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Read<T, Shape<3, S, S>, D> d_normal,
                      DDepth d_depth) {
  if constexpr (!skips<DDepth>) Kernel<Normals, D>::backward(ctx, settings, depth, d_normal, d_depth);
}
}  // namespace berl::imaging

/// Row by row in local blocks. Square roots have a loop of their own: they do not vectorise under strict errno, the rest does.
template <>
struct berl::Kernel<berl::imaging::Normals, berl::Host> {
  template <class T, int S>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                      Write<T, Shape<3, S, S>, Host> normal) {
    auto const camera = imaging::camera<T, S>(settings);
    T const e = T(settings.normal_epsilon);
    imaging::for_bands(ctx, depth.batch(), S, [=](int n, int first, int last) {
      T const* const d = depth.sample(n);
      T* const out = normal.sample(n);
      alignas(alignment) T x[S], y[S], z[S], length[S];
      for (int v = first; v < last; ++v) {
        T const *const row = d + v * S, *const above = v > 0 ? row - S : row, *const below = v + 1 < S ? row + S : row;
        for (int u = 1; u < S - 1; ++u) {
          imaging::NormalStencil<T> const stencil(camera, T(u), T(v), row[u - 1], row[u + 1], above[u], below[u]);
          x[u] = stencil.c.x, y[u] = stencil.c.y, z[u] = stencil.c.z;
          length[u] = dot(stencil.c, stencil.c);
        }
        bool const frame = v == 0 || v == S - 1;
        for (int u = 0; u < S; ++u)
          if (frame || u == 0 || u == S - 1) x[u] = 0, y[u] = 0, z[u] = 1, length[u] = 1;
        for (int u = 0; u < S; ++u) length[u] = std::sqrt(length[u]);
        for (int u = 0; u < S; ++u) {
          T const inverse = imaging::NormalStencil<T>::inverse(length[u], e);
          x[u] *= inverse, y[u] *= inverse, z[u] *= inverse;
        }
        for (int u = 0; u < S; ++u) out[v * S + u] = x[u];
        for (int u = 0; u < S; ++u) out[(S + v) * S + u] = y[u];
        for (int u = 0; u < S; ++u) out[(2 * S + v) * S + u] = z[u];
      }
    });
  }

  /// A gather: every pixel sums what the stencils of its four neighbours say of it. Three rows of stencils live at a time.
  template <class T, int S, class DDepth>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                       Read<T, Shape<3, S, S>, Host> d_normal, DDepth d_depth) {
    auto const camera = imaging::camera<T, S>(settings);
    T const e = T(settings.normal_epsilon);
    imaging::for_bands(ctx, depth.batch(), S, [=](int n, int first, int last) {
      T const* const d = depth.sample(n);
      T const* const dn = d_normal.sample(n);
      T* const out = d_depth.sample(n);
      struct Row {
        T left[S], right[S], up[S], down[S];
      };
      Row rows[3] = {};
      T length[S] = {}, sum[S];
      for (int v = std::max(first - 1, 0); v <= last; ++v) {
        Row& now = rows[v % 3];
        if (v < 1 || v >= S - 1) {
          now = Row{};
        } else {
          T const *const row = d + v * S, *const above = row - S, *const below = row + S;
          T const *const dx = dn + v * S, *const dy = dx + S * S, *const dz = dy + S * S;
          for (int u = 1; u < S - 1; ++u) {
            imaging::NormalStencil<T> const stencil(camera, T(u), T(v), row[u - 1], row[u + 1], above[u], below[u]);
            length[u] = dot(stencil.c, stencil.c);
          }
          for (int u = 1; u < S - 1; ++u) length[u] = std::sqrt(length[u]);
          for (int u = 1; u < S - 1; ++u) {
            imaging::NormalStencil<T> const stencil(camera, T(u), T(v), row[u - 1], row[u + 1], above[u], below[u]);
            auto const pulled = stencil.pull(camera, T(u), T(v), length[u], e, {dx[u], dy[u], dz[u]});
            now.left[u] = pulled.left, now.right[u] = pulled.right, now.up[u] = pulled.up, now.down[u] = pulled.down;
          }
        }
        if (v <= first) continue;
        Row const &middle = rows[(v - 1) % 3], &above = rows[(v + 1) % 3];  // rows v - 1 and v - 2
        for (int u = 0; u < S; ++u) sum[u] = (v > 1 ? above.down[u] : T(0)) + now.up[u];
        for (int u = 1; u < S; ++u) sum[u] += middle.right[u - 1];
        for (int u = 0; u < S - 1; ++u) sum[u] += middle.left[u + 1];
        for (int u = 0; u < S; ++u) put<DDepth>(out[(v - 1) * S + u], sum[u]);
      }
    });
  }
};
