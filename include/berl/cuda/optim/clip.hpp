#pragma once
#include <berl/cuda/elements.hpp>  // update_elements
#include <berl/cuda/team.hpp>      // Block
#include <berl/optim/clip.hpp>     // piece_at, clip_factor

#include <cmath>  // sqrt

namespace berl::gpu {
/// A piece of the sum of squares, in double.
template <class Team, class T>
BERL_FN double squares_of_piece(Team const&, T const* x, std::size_t n, std::size_t piece) {
  double sum[1] = {};
  std::size_t const last = optim::piece_at(n, piece + 1);
  for (std::size_t i = optim::piece_at(n, piece) + static_cast<std::size_t>(Team::rank()); i < last; i += Team::size)
    sum[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  Team::sum(sum);
  return sum[0];
}
/// The root of the pieces' sum.
template <class Team>
BERL_FN double norm_of_pieces(Team const&, double const* sums) {
  double sum[1] = {};
  for (int p = Team::rank(); p < static_cast<int>(optim::sum_pieces); p += Team::size) sum[0] += sums[p];
  Team::sum(sum);
  return std::sqrt(sum[0]);
}
template <int threads, class T>
__global__ void __launch_bounds__(threads) squares_kernel(T const* x, std::size_t n, double* sums) {
  double const sum = squares_of_piece(Block<threads>{}, x, n, blockIdx.x);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
template <int threads>
__global__ void __launch_bounds__(threads) norm_kernel(double const* sums, double* norm) {
  double const found = norm_of_pieces(Block<threads>{}, sums);
  if (threadIdx.x == 0) *norm = found;
}
/// dx *= min(1, longest / (|dx| + 1e-6)), with |dx| in the GPU's memory.
template <class T>
struct Shorten {
  double const* norm;
  double longest;
  BERL_FN bool idle() const { return !(optim::clip_factor(*norm, longest) < 1); }
  BERL_FN void operator()(T& dx) const { dx *= static_cast<T>(optim::clip_factor(*norm, longest)); }
};
}  // namespace berl::gpu

namespace berl::optim {
/// Bytes of ctx.scratch that clip_norm takes.
constexpr std::size_t clip_scratch_bytes() { return padded<double>(sum_pieces) * sizeof(double); }

/// clip_norm on the GPU: the length before is left there, in *norm.
///   scratch clip_scratch_bytes
template <class T>
void clip_norm(Context<Cuda>& ctx, std::span<T> gradients, double longest, double* norm) {
  Scope const scope(ctx.scratch);
  double* const sums = ctx.scratch.template take<double>(sum_pieces);
  gpu::launch(ctx, "berl::optim::clip_norm", gpu::squares_kernel<512, T>, {static_cast<unsigned>(sum_pieces), 512}, gradients.data(),
              gradients.size(), sums);
  gpu::launch(ctx, "berl::optim::clip_norm", gpu::norm_kernel<256>, {1, 256}, sums, norm);
  gpu::update_elements<T>(ctx, "berl::optim::clip_norm", gpu::Shorten<T>{norm, longest}, gradients.size(), gradients.data());
}
}  // namespace berl::optim
