#pragma once
#include <berl/imaging/viewpoint.hpp>  // Camera, Movement, Context, Kernel, for_bands, parallel_for

#include <algorithm>  // fill_n

namespace berl::imaging {
/// Where a pixel of the actual view is looked up in the canonical image (he2022, Eq. 4).
///   Q = D K^-1 (u, v, 1),  X = R^T (Q - t - C) + C,  (g_x, g_y) = 2 (f X_x / X_z + c, f X_y / X_z + c) / (S - 1) - 1
///   units   -1 and 1 are the centres of the first and the last pixel
template <class T>
struct InverseWarp {
  Camera<T> camera;
  Movement<T> movement;
  T scale;  // 2 f / (S - 1): with c = (S - 1) / 2 the constants cancel

  static BERL_FN constexpr T divisor(T z) { return z > T(1e-9) || z < T(-1e-9) ? z : T(1e-9); }  // nothing lies in the camera

  BERL_FN constexpr void value(T u, T v, T d, T& gx, T& gy) const {
    auto const x = movement.move_back(camera.point(u, v, d));
    T const k = scale / divisor(x.z);
    gx = k * x.x;
    gy = k * x.y;
  }
  struct Pulled {
    T d;
    Vector<T> arm, dx, dy;  // dR = arm dx^T, dt = -dy
  };
  BERL_FN constexpr Pulled pull(T u, T v, T d, T dgx, T dgy) const {
    auto const arm = movement.arm_back(camera.point(u, v, d));
    auto const x = movement.rotate_back(arm);
    T const z = 1 / divisor(x.z + movement.centre);
    T const kx = scale * z * dgx, ky = scale * z * dgy;
    Vector<T> const dx{kx, ky, -z * (kx * x.x + ky * x.y)};
    auto const dy = movement.rotate(dx);
    return {camera.pull_point(u, v, dy), arm, dx, dy};
  }
};

/// The four pixels around a position and the weights between them, along one axis of the given number of pixels.
///   x = (g + 1) / 2 (size - 1), or ((g + 1) size - 1) / 2 where -1 and 1 are the edges;  x0 = floor(x),  w = x - x0
template <class T>
struct Tap {
  int first, second;      // indices inside the axis, wherever x is
  T weight;               // of the second
  T first_in, second_in;  // 0 outside, else 1
  T slope;                // dx / dg

  BERL_FN constexpr Tap(T g, int size, Alignment alignment, Padding padding) : Tap() {
    T const n = T(size);
    bool const corners = alignment == Alignment::corners;
    T x = corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
    slope = (corners ? n - 1 : n) / 2;
    if (padding == Padding::border) {
      slope = x > 0 && x < n - 1 ? slope : T(0);
      x = x > 0 ? x : T(0);
      x = x < n - 1 ? x : n - 1;
    }
    x = x > -2 ? x : T(-2);  // also where x is no number, or too large for an int
    x = x < n + 1 ? x : n + 1;
    int const x0 = static_cast<int>(x + 2) - 2;  // floor: x + 2 is not negative
    int const below = T(x0) > x ? x0 - 1 : x0;
    weight = x - T(below);
    first_in = below >= 0 && below < size ? T(1) : T(0);
    second_in = below >= -1 && below < size - 1 ? T(1) : T(0);
    first = below < 0 ? 0 : below >= size ? size - 1 : below;
    second = below < -1 ? 0 : below >= size - 1 ? size - 1 : below + 1;
  }

 private:
  BERL_FN constexpr Tap() : first(0), second(0), weight(0), first_in(0), second_in(0), slope(0) {}
};

/// The four pixels around a position, in a plane of the given width, and what each weighs: 0 outside.
template <class T>
struct Bilinear {
  int at00, at01, at10, at11;
  T w00, w01, w10, w11;

  BERL_FN constexpr Bilinear(Tap<T> const& x, Tap<T> const& y, int width)
      : at00(y.first * width + x.first),
        at01(y.first * width + x.second),
        at10(y.second * width + x.first),
        at11(y.second * width + x.second),
        w00((1 - x.weight) * (1 - y.weight) * x.first_in * y.first_in),
        w01(x.weight * (1 - y.weight) * x.second_in * y.first_in),
        w10((1 - x.weight) * y.weight * x.first_in * y.second_in),
        w11(x.weight * y.weight * x.second_in * y.second_in) {}
};

struct SamplingGrid {};
struct Sample {};

/// shapes  depth (as rendered): (N, 1, S, S), movement: (N, 12, 1, 1), grid: (N, 2, S, S), mask: (N, 1, S, S)
/// units   mask 1 where something was drawn nearer than depth_max + margin, else 0; it has no gradient
/// keeps   depth, movement
template <class D, class T, int S>
void sampling_grid(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth, Read<T, Shape<12, 1, 1>, D> movement,
                   Write<T, Shape<2, S, S>, D> grid, Write<T, Shape<1, S, S>, D> mask) {
  Kernel<SamplingGrid, D>::forward(ctx, settings, depth, movement, grid, mask);
}
template <class D, class T, int S, class DDepth, class DMovement>
void sampling_grid_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> depth,
                            Read<T, Shape<12, 1, 1>, D> movement, Read<T, Shape<2, S, S>, D> d_grid, DDepth d_depth, DMovement d_movement) {
  Kernel<SamplingGrid, D>::backward(ctx, settings, depth, movement, d_grid, d_depth, d_movement);
}

/// Bilinear sampling, times the mask. Pixels outside the image are 0, or the nearest one with Padding::border.
///   y = m ((1-a)(1-b) I00 + a (1-b) I01 + (1-a) b I10 + a b I11)
///   dI: each of the four gets its weight times m dy;  dg_x = slope m dy ((1-b)(I01 - I00) + b (I11 - I10)), summed over channels
///   shapes  image: (N, C, H, W), grid: (N, 2, h, w), mask: (N, 1, h, w), sampled: (N, C, h, w)
///   keeps   image, grid, mask
template <class D, class T, int C, int H, int W, int h, int w>
void sample(Context<D>& ctx, Settings const& settings, Read<T, Shape<C, H, W>, D> image, Read<T, Shape<2, h, w>, D> grid,
            Read<T, Shape<1, h, w>, D> mask, Write<T, Shape<C, h, w>, D> sampled) {
  Kernel<Sample, D>::forward(ctx, settings, image, grid, mask, sampled);
}
template <class D, class T, int C, int H, int W, int h, int w, class DImage, class DGrid>
void sample_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<C, H, W>, D> image, Read<T, Shape<2, h, w>, D> grid,
                     Read<T, Shape<1, h, w>, D> mask, Read<T, Shape<C, h, w>, D> d_sampled, DImage d_image, DGrid d_grid) {
  Kernel<Sample, D>::backward(ctx, settings, image, grid, mask, d_sampled, d_image, d_grid);
}
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::SamplingGrid, berl::Host> {
  template <class T, int S>
  static imaging::InverseWarp<T> warp(imaging::Settings const& settings, T const* movement) {
    auto const camera = imaging::camera<T, S>(settings);
    return {camera, imaging::ViewRange<T>(settings).movement(movement), 2 * camera.focal / T(S - 1)};
  }
  template <class T, int S>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                      Read<T, Shape<12, 1, 1>, Host> movement, Write<T, Shape<2, S, S>, Host> grid, Write<T, Shape<1, S, S>, Host> mask) {
    T const farthest = T(settings.depth_max + settings.margin());
    imaging::for_bands(ctx, depth.batch(), S, [=](int n, int first, int last) {
      auto const inverse = warp<T, S>(settings, movement.sample(n));
      for (int v = first; v < last; ++v) {
        T const* const d = depth.sample(n) + v * S;
        alignas(alignment) T gx[S], gy[S], m[S];
        for (int u = 0; u < S; ++u) {
          inverse.value(T(u), T(v), d[u], gx[u], gy[u]);
          m[u] = d[u] < farthest ? T(1) : T(0);
        }
        for (int u = 0; u < S; ++u) grid.sample(n)[v * S + u] = gx[u];
        for (int u = 0; u < S; ++u) grid.sample(n)[(S + v) * S + u] = gy[u];
        for (int u = 0; u < S; ++u) mask.sample(n)[v * S + u] = m[u];
      }
    });
  }
  template <class T, int S, class DDepth, class DMovement>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                       Read<T, Shape<12, 1, 1>, Host> movement, Read<T, Shape<2, S, S>, Host> d_grid, DDepth d_depth,
                       DMovement d_movement) {
    if constexpr (!skips<DDepth> || !skips<DMovement>)
      parallel_for(ctx, depth.batch(), [=](std::ptrdiff_t i) {
        int const n = static_cast<int>(i);
        auto const inverse = warp<T, S>(settings, movement.sample(n));
        imaging::detail::MovementSums<T, S> sums;
        for (int v = 0; v < S; ++v) {
          T const* const d = depth.sample(n) + v * S;
          T const* const dgx = d_grid.sample(n) + v * S;
          T const* const dgy = dgx + S * S;
          alignas(alignment) T dd[S];
          for (int u = 0; u < S; ++u) {
            auto const pulled = inverse.pull(T(u), T(v), d[u], dgx[u], dgy[u]);
            dd[u] = pulled.d;
            if constexpr (!skips<DMovement>) sums.add(u, pulled.arm, pulled.dx, T(-1) * pulled.dy);
          }
          if constexpr (!skips<DDepth>)
            for (int u = 0; u < S; ++u) put<DDepth>(d_depth.sample(n)[v * S + u], dd[u]);
        }
        if constexpr (!skips<DMovement>) sums.template put_to<DMovement>(d_movement.sample(n));
      });
  }
};

template <>
struct berl::Kernel<berl::imaging::Sample, berl::Host> {
  /// The four taps of a row of positions; weights are 0 for taps outside.
  template <class T, int W>
  struct Taps {
    int at00[W], at01[W], at10[W], at11[W];
    T w00[W], w01[W], w10[W], w11[W];

    void set(int u, int width, imaging::Tap<T> const& x, imaging::Tap<T> const& y) {
      imaging::Bilinear<T> const b(x, y, width);
      at00[u] = b.at00, at01[u] = b.at01, at10[u] = b.at10, at11[u] = b.at11;
      w00[u] = b.w00, w01[u] = b.w01, w10[u] = b.w10, w11[u] = b.w11;
    }
  };

  template <class T, int C, int H, int W, int h, int w>
  static void forward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<C, H, W>, Host> image,
                      Read<T, Shape<2, h, w>, Host> grid, Read<T, Shape<1, h, w>, Host> mask, Write<T, Shape<C, h, w>, Host> sampled) {
    auto const align = settings.alignment;
    auto const pad = settings.padding;
    imaging::for_bands(ctx, image.batch(), h, [=](int n, int first, int last) {
      Taps<T, w> taps;
      T out[w];
      for (int v = first; v < last; ++v) {
        T const* const gx = grid.sample(n) + v * w;
        T const* const gy = gx + h * w;
        T const* const m = mask.sample(n) + v * w;
        for (int u = 0; u < w; ++u) taps.set(u, W, {gx[u], W, align, pad}, {gy[u], H, align, pad});
        for (int c = 0; c < C; ++c) {
          T const* const p = image.sample(n) + c * H * W;
          for (int u = 0; u < w; ++u)
            out[u] = m[u] * (taps.w00[u] * p[taps.at00[u]] + taps.w01[u] * p[taps.at01[u]] + taps.w10[u] * p[taps.at10[u]] +
                             taps.w11[u] * p[taps.at11[u]]);
          for (int u = 0; u < w; ++u) sampled.sample(n)[(c * h + v) * w + u] = out[u];
        }
      }
    });
  }

  /// The scatter into a channel runs over one image's positions in row order, whoever does it. In a batch smaller than the number of
  /// threads each channel is a piece of work, and the gradient of the grid another.
  template <class T, int C, int H, int W, int h, int w, class DImage, class DGrid>
  static void backward(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<C, H, W>, Host> image,
                       Read<T, Shape<2, h, w>, Host> grid, Read<T, Shape<1, h, w>, Host> mask, Read<T, Shape<C, h, w>, Host> d_sampled,
                       DImage d_image, DGrid d_grid) {
    auto const align = settings.alignment;
    auto const pad = settings.padding;
    int const pieces = image.batch() < ctx.threads ? C + 1 : 1;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(image.batch()) * pieces, [=](std::ptrdiff_t i) {
      int const n = static_cast<int>(i / pieces), piece = static_cast<int>(i % pieces);
      auto const scatters = [=](int c) { return pieces == 1 || piece == c; };
      bool const moves = !skips<DGrid> && (pieces == 1 || piece == C);
      if (!moves && (skips<DImage> || piece == C)) return;
      if constexpr (!skips<DImage> && !adds<DImage>)
        for (int c = 0; c < C; ++c)
          if (scatters(c)) std::fill_n(d_image.sample(n) + c * H * W, H * W, T(0));
      Taps<T, w> taps;
      T ax[w], ay[w], x0[w], x1[w], y0[w], y1[w], sx[w], sy[w], dy[w], dgx[w], dgy[w];
      for (int v = 0; v < h; ++v) {
        T const* const gx = grid.sample(n) + v * w;
        T const* const gy = gx + h * w;
        T const* const m = mask.sample(n) + v * w;
        for (int u = 0; u < w; ++u) {
          imaging::Tap<T> const x(gx[u], W, align, pad), y(gy[u], H, align, pad);
          taps.set(u, W, x, y);
          ax[u] = x.weight, x0[u] = x.first_in, x1[u] = x.second_in, sx[u] = x.slope;
          ay[u] = y.weight, y0[u] = y.first_in, y1[u] = y.second_in, sy[u] = y.slope;
          dgx[u] = dgy[u] = 0;
        }
        for (int c = 0; c < C; ++c) {
          if (!moves && !scatters(c)) continue;
          T const* const p = image.sample(n) + c * H * W;
          for (int u = 0; u < w; ++u) dy[u] = m[u] * d_sampled.sample(n)[(c * h + v) * w + u];
          if (moves)
            for (int u = 0; u < w; ++u) {
              T const p00 = p[taps.at00[u]] * x0[u] * y0[u], p01 = p[taps.at01[u]] * x1[u] * y0[u];
              T const p10 = p[taps.at10[u]] * x0[u] * y1[u], p11 = p[taps.at11[u]] * x1[u] * y1[u];
              dgx[u] += sx[u] * dy[u] * ((1 - ay[u]) * (p01 - p00) + ay[u] * (p11 - p10));
              dgy[u] += sy[u] * dy[u] * ((1 - ax[u]) * (p10 - p00) + ax[u] * (p11 - p01));
            }
          if (!skips<DImage> && scatters(c)) {
            T* const dp = d_image.sample(n) + c * H * W;
            for (int u = 0; u < w; ++u) {
              dp[taps.at00[u]] += taps.w00[u] * dy[u];
              dp[taps.at01[u]] += taps.w01[u] * dy[u];
              dp[taps.at10[u]] += taps.w10[u] * dy[u];
              dp[taps.at11[u]] += taps.w11[u] * dy[u];
            }
          }
        }
        if (moves)
          for (int u = 0; u < w; ++u) {
            put<DGrid>(d_grid.sample(n)[v * w + u], dgx[u]);
            put<DGrid>(d_grid.sample(n)[(h + v) * w + u], dgy[u]);
          }
      }
    });
  }
};
