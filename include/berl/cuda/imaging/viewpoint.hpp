#pragma once
#include <berl/cuda/imaging/pixels.hpp>  // each_pixel
#include <berl/imaging/viewpoint.hpp>    // Viewpoint

namespace berl::imaging::detail {
template <class T>
struct ViewpointOf {
  ViewRange<T> range;
  Read<T, Shape<6, 1, 1>, Cuda> view;
  Write<T, Shape<12, 1, 1>, Cuda> movement;
  BERL_FN void operator()(int n, int, int) const { range.value(view.sample(n), movement.sample(n)); }
};
template <class T, class DView>
struct ViewpointPullOf {
  ViewRange<T> range;
  Read<T, Shape<6, 1, 1>, Cuda> view;
  Read<T, Shape<12, 1, 1>, Cuda> d_movement;
  DView d_view;
  BERL_FN void operator()(int n, int, int) const {
    T dp[6];
    range.pull(view.sample(n), d_movement.sample(n), dp);
    for (int i = 0; i < 6; ++i) put<DView>(d_view.sample(n)[i], dp[i]);
  }
};
}  // namespace berl::imaging::detail

/// One thread for each image.
template <>
struct berl::Kernel<berl::imaging::Viewpoint, berl::Cuda> {
  template <class T>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<6, 1, 1>, Cuda> view,
                      Write<T, Shape<12, 1, 1>, Cuda> movement) {
    imaging::detail::each_pixel<1, 1>(ctx, "berl::imaging::viewpoint", view.batch(),
                                      imaging::detail::ViewpointOf<T>{imaging::ViewRange<T>(settings), view, movement});
  }
  template <class T, class DView>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<6, 1, 1>, Cuda> view,
                       Read<T, Shape<12, 1, 1>, Cuda> d_movement, DView d_view) {
    imaging::detail::each_pixel<1, 1>(
        ctx, "berl::imaging::viewpoint", view.batch(),
        imaging::detail::ViewpointPullOf<T, DView>{imaging::ViewRange<T>(settings), view, d_movement, d_view});
  }
};
