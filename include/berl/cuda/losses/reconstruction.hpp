#pragma once
#include <berl/cuda/expr/evaluate.hpp>     // evaluate on the GPU
#include <berl/cuda/expr/gradient.hpp>     // gradient on the GPU
#include <berl/cuda/team.hpp>              // Block
#include <berl/losses/reconstruction.hpp>  // ReconstructionLoss

namespace berl::losses::eq6 {
/// Kernel<Batch> by one team.
template <class Team, class T>
BERL_FN void weigh(Team const&, ReconstructionLoss const& options, int values, T factor, T* weight, int batch) {
  double total[1] = {};
  if (options.counts())
    for (int n = Team::rank(); n < batch; n += Team::size) total[0] += static_cast<double>(weight[n]);
  Team::sum(total);
  for (int n = Team::rank(); n < batch; n += Team::size)
    weight[n] = eq6::weight(options, values, batch, total[0], options.counts() ? weight[n] : T(0)) * factor;
}
template <class Team, class T>
BERL_FN void add_up(Team const&, T const* weight, T const* sample, int batch, double* loss) {
  double sum[1] = {};
  for (int n = Team::rank(); n < batch; n += Team::size)
    if (weight[n] > T(0)) sum[0] += static_cast<double>(weight[n]) * static_cast<double>(sample[n]);
  Team::sum(sum);
  if (Team::rank() == 0) *loss = sum[0];
}

inline constexpr int batch_threads = 256;
template <class T>
__global__ void __launch_bounds__(batch_threads) weigh_kernel(ReconstructionLoss options, int values, T factor, T* weight, int batch) {
  weigh(gpu::Block<batch_threads>{}, options, values, factor, weight, batch);
}
template <class T>
__global__ void __launch_bounds__(batch_threads) add_up_kernel(T const* weight, T const* sample, int batch, double* loss) {
  add_up(gpu::Block<batch_threads>{}, weight, sample, batch, loss);
}
}  // namespace berl::losses::eq6

template <>
struct berl::Kernel<berl::losses::eq6::Batch, berl::Cuda> {
  template <class T>
  static void weigh(Context<Cuda>& ctx, losses::ReconstructionLoss const& options, int values, T factor,
                    Write<T, Shape<1, 1, 1>, Cuda> weight) {
    gpu::launch(ctx, "berl::losses::reconstruction_loss", losses::eq6::weigh_kernel<T>, {1, losses::eq6::batch_threads}, options, values,
                factor, weight.data(), weight.batch());
  }
  template <class T>
  static void add_up(Context<Cuda>& ctx, Read<T, Shape<1, 1, 1>, Cuda> weight, Read<T, Shape<1, 1, 1>, Cuda> sample,
                     Write<double, Shape<1>, Cuda> loss) {
    gpu::launch(ctx, "berl::losses::reconstruction_loss", losses::eq6::add_up_kernel<T>, {1, losses::eq6::batch_threads}, weight.data(),
                sample.data(), weight.batch(), loss.data());
  }
};
