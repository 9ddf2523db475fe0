#pragma once
#include <berl/cuda/imaging/pixels.hpp>      // each_pixel, Block
#include <berl/losses/depth_smoothness.hpp>  // DepthSmoothness

namespace berl::losses::detail {
/// The roughness of one depth map, in double.
template <int S, class Team, class T>
BERL_FN double roughness_of(Team const&, T const* depth) {
  double sum[1] = {};
  for (int i = Team::rank(); i < S * S; i += Team::size) sum[0] += static_cast<double>(roughness_at<S>(depth, i / S, i % S));
  Team::sum(sum);
  return sum[0];
}
template <class Team>
BERL_FN double sum_of_samples(Team const&, double const* sums, int batch) {
  double sum[1] = {};
  for (int n = Team::rank(); n < batch; n += Team::size) sum[0] += sums[n];
  Team::sum(sum);
  return sum[0];
}
template <int S, class T, class DDepth>
struct RoughnessPull {
  Read<T, Shape<1, S, S>, Cuda> depth;
  T weight;
  DDepth d_depth;
  BERL_FN void operator()(int n, int v, int u) const {
    put<DDepth>(d_depth.sample(n)[v * S + u], weight * signs_at<S>(depth.sample(n), v, u));
  }
};

inline constexpr int roughness_threads = 256;
template <int S, class T>
__global__ void __launch_bounds__(roughness_threads) roughness_kernel(Read<T, Shape<1, S, S>, Cuda> depth, double* sums) {
  int const n = static_cast<int>(blockIdx.x);
  double const sum = roughness_of<S>(gpu::Block<roughness_threads>{}, depth.sample(n));
  if (threadIdx.x == 0) sums[n] = sum;
}
template <int threads>
__global__ void __launch_bounds__(threads) sum_of_samples_kernel(double const* sums, int batch, double share, double* loss) {
  double const sum = sum_of_samples(gpu::Block<threads>{}, sums, batch);
  if (threadIdx.x == 0) *loss = share * sum;
}
}  // namespace berl::losses::detail

template <>
struct berl::Kernel<berl::losses::DepthSmoothness, berl::Cuda> {
  template <class T, int S>
  static void forward(Context<Cuda>& ctx, Read<T, Shape<1, S, S>, Cuda> depth, double share, double* sums,
                      Write<double, Shape<1>, Cuda> loss) {
    using namespace losses::detail;
    constexpr char const* name = "berl::losses::depth_smoothness";
    gpu::launch(ctx, name, roughness_kernel<S, T>, {static_cast<unsigned>(depth.batch()), roughness_threads}, depth, sums);
    gpu::launch(ctx, name, sum_of_samples_kernel<roughness_threads>, {1, roughness_threads}, static_cast<double const*>(sums),
                depth.batch(), share, loss.data());
  }
  template <class T, int S, class DDepth>
  static void backward(Context<Cuda>& ctx, Read<T, Shape<1, S, S>, Cuda> depth, T weight, DDepth d_depth) {
    imaging::detail::each_pixel<S, S>(ctx, "berl::losses::depth_smoothness_backward", depth.batch(),
                                      losses::detail::RoughnessPull<S, T, DDepth>{depth, weight, d_depth});
  }
};
