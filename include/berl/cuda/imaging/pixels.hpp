#pragma once
#include <berl/core/view.hpp>       // Write, put
#include <berl/cuda/launch.hpp>     // each, launch
#include <berl/cuda/team.hpp>       // Block
#include <berl/imaging/camera.hpp>  // Vector

/// Kernels of one thread for each pixel, and sums over the pixels of an image.
namespace berl::imaging::detail {
template <int H, int W, class F>
struct PixelsOf {
  F f;
  BERL_FN void operator()(std::size_t i) const {
    std::size_t const image = i / (H * W);
    int const pixel = static_cast<int>(i - image * (H * W));
    f(static_cast<int>(image), pixel / W, pixel % W);
  }
};
/// f(n, v, u) for each pixel of a batch of images of H x W.
template <int H, int W, class F>
void each_pixel(Context<Cuda>& ctx, char const* name, int batch, F const& f) {
  gpu::each(ctx, name, static_cast<std::size_t>(batch) * H * W, PixelsOf<H, W, F>{f});
}

/// The pixel of a plane and, behind it, those of two further planes.
template <int S, class T>
BERL_FN Vector<T> load_vector(T const* plane, int pixel) {
  return {plane[pixel], plane[pixel + S * S], plane[pixel + 2 * S * S]};
}
template <int S, class T>
BERL_FN void store_vector(T* plane, int pixel, Vector<T> a) {
  plane[pixel] = a.x, plane[pixel + S * S] = a.y, plane[pixel + 2 * S * S] = a.z;
}

/// One member's part of the 12 numbers of dR and dt.
template <class T>
struct MovementShare {
  T sum[12] = {};

  BERL_FN void add(Vector<T> a, Vector<T> b, Vector<T> dt) {  // dR += a b^T
    sum[0] += a.x * b.x, sum[1] += a.x * b.y, sum[2] += a.x * b.z;
    sum[3] += a.y * b.x, sum[4] += a.y * b.y, sum[5] += a.y * b.z;
    sum[6] += a.z * b.x, sum[7] += a.z * b.y, sum[8] += a.z * b.z;
    sum[9] += dt.x, sum[10] += dt.y, sum[11] += dt.z;
  }
  template <class DMovement, class Team>
  BERL_FN void put_to(Team const&, T* d_movement) {
    Team::sum(sum);
    for (int i = 0; i < 12; ++i)
      if (Team::rank() == i % Team::size) put<DMovement>(d_movement[i], sum[i]);
  }
};
}  // namespace berl::imaging::detail
