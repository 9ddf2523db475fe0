#pragma once
#include <berl/cuda/imaging/pixels.hpp>  // each_pixel, load_vector
#include <berl/imaging/camera.hpp>       // Points

namespace berl::imaging::detail {
template <class T, int S>
struct PointsOf {
  Camera<T> camera;
  Read<T, Shape<1, S, S>, Cuda> depth;
  Write<T, Shape<3, S, S>, Cuda> points;
  BERL_FN void operator()(int n, int v, int u) const {
    store_vector<S>(points.sample(n), v * S + u, camera.point(T(u), T(v), depth.sample(n)[v * S + u]));
  }
};
template <class T, int S, class DDepth>
struct PointsPullOf {
  Camera<T> camera;
  Read<T, Shape<3, S, S>, Cuda> d_points;
  DDepth d_depth;
  BERL_FN void operator()(int n, int v, int u) const {
    int const at = v * S + u;
    put<DDepth>(d_depth.sample(n)[at], camera.pull_point(T(u), T(v), load_vector<S>(d_points.sample(n), at)));
  }
};
}  // namespace berl::imaging::detail

template <>
struct berl::Kernel<berl::imaging::Points, berl::Cuda> {
  template <class T, int S>
  static void forward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Cuda> depth,
                      Write<T, Shape<3, S, S>, Cuda> points) {
    imaging::detail::each_pixel<S, S>(ctx, "berl::imaging::points", depth.batch(),
                                      imaging::detail::PointsOf<T, S>{imaging::camera<T, S>(settings), depth, points});
  }
  template <class T, int S, class DDepth>
  static void backward(Context<Cuda>& ctx, imaging::Settings const& settings, Read<T, Shape<3, S, S>, Cuda> d_points, DDepth d_depth) {
    if constexpr (!skips<DDepth>)
      imaging::detail::each_pixel<S, S>(ctx, "berl::imaging::points", d_points.batch(),
                                        imaging::detail::PointsPullOf<T, S, DDepth>{imaging::camera<T, S>(settings), d_points, d_depth});
  }
};
