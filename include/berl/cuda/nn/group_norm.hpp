#pragma once
#include <berl/cuda/nn/map.hpp>  // store_as, each
#include <berl/cuda/team.hpp>    // Block
#include <berl/nn/norm.hpp>      // GroupNorm, NormOfChannels

#include <cmath>  // sqrt

namespace berl::nn::detail {
/// The arrays of a group norm over samples of In, as its kernels see them.
template <int G, int C, class A, class T>
struct GroupNormOf {
  static constexpr int inside = C / G;
  T const *weight, *bias;
  A rectified;
  /// Channel c. No rectifier that group norms are joined with knows which it is.
  BERL_FN NormOfChannels<A, T, 1, 1> norm(int c, T mean, T inverse) const { return {&mean, weight + c, &inverse, bias + c, rectified, 0}; }
};
/// Where channel c of pixel p lies.
template <class In>
BERL_FN constexpr int place(int c, int p) {
  return offset_of<In, LayoutOf<In, Cuda>>(c, p / width<In>, p % width<In>);
}

/// Group g of sample n: its moments, then y. A member has every so-manieth pixel.
template <int G, int C, class In, class Team, class A, class T, class Y>
BERL_FN void group_forward(Team const&, GroupNormOf<G, C, A, T> const& of, T const* x, Y const& y, T* mean, T* inverse, double eps, int n,
                           int g) {
  constexpr int inside = C / G;
  std::size_t const sample = static_cast<std::size_t>(n) * In::size;
  T const shift = x[sample + static_cast<std::size_t>(place<In>(g * inside, 0))];
  double sums[2] = {};
  for (int p = Team::rank(); p < plane<In>; p += Team::size)
    for (int k = 0; k < inside; ++k) {
      double const d = static_cast<double>(x[sample + static_cast<std::size_t>(place<In>(g * inside + k, p))] - shift);
      sums[0] += d;
      sums[1] += d * d;
    }
  Team::sum(sums);
  constexpr double count = static_cast<double>(inside) * plane<In>;
  double const moved = sums[0] / count, all = sums[1] - sums[0] * moved, squares = all > 0 ? all : 0;
  T const middle = static_cast<T>(static_cast<double>(shift) + moved), scale = static_cast<T>(1 / std::sqrt(squares / count + eps));
  if (Team::rank() == 0) {
    mean[n * G + g] = middle;
    inverse[n * G + g] = scale;
  }
  for (int k = 0; k < inside; ++k) {
    auto const norm = of.norm(g * inside + k, middle, scale);
    for (int p = Team::rank(); p < plane<In>; p += Team::size) {
      std::size_t const i = sample + static_cast<std::size_t>(place<In>(g * inside + k, p));
      T value[1] = {norm.output(x[i], 0)};
      gpu::store_as(y, i, value);
    }
  }
}
/// The same of the pull-back; the sums of channel c go to d_bias and d_weight [n C + c].
template <int G, int C, class In, class Team, class A, class T, class DX>
BERL_FN void group_backward(Team const&, GroupNormOf<G, C, A, T> const& of, T const* x, T const* dy, DX const& dx, T const* mean,
                            T const* inverse, T* d_bias, T* d_weight, int n, int g) {
  constexpr int inside = C / G;
  std::size_t const sample = static_cast<std::size_t>(n) * In::size;
  T const middle = mean[n * G + g], scale = inverse[n * G + g];
  double const inv = static_cast<double>(scale);
  double total = 0, total_product = 0;  // of weight dy
  for (int k = 0; k < inside; ++k) {
    int const c = g * inside + k;
    auto const norm = of.norm(c, middle, scale);
    double sums[2] = {};
    for (int p = Team::rank(); p < plane<In>; p += Team::size) {
      std::size_t const i = sample + static_cast<std::size_t>(place<In>(c, p));
      T d, product;
      norm.terms(x[i], dy[i], 0, d, product);
      sums[0] += static_cast<double>(d);
      sums[1] += static_cast<double>(product);
    }
    Team::sum(sums);
    if (Team::rank() == 0) {
      d_bias[n * C + c] = static_cast<T>(sums[0]);
      d_weight[n * C + c] = static_cast<T>(sums[1] * inv);
    }
    total += static_cast<double>(of.weight[c]) * sums[0];
    total_product += static_cast<double>(of.weight[c]) * sums[1];
  }
  if constexpr (!skips<DX>) {
    constexpr double count = static_cast<double>(inside) * plane<In>;
    T const b = static_cast<T>(-inv * inv * inv * total_product / count), d = static_cast<T>(-inv * total / count);
    for (int k = 0; k < inside; ++k) {
      auto const norm = of.norm(g * inside + k, middle, scale);
      for (int p = Team::rank(); p < plane<In>; p += Team::size) {
        std::size_t const i = sample + static_cast<std::size_t>(place<In>(g * inside + k, p));
        T value[1] = {norm.pull(x[i], dy[i], b, d, 0)};
        gpu::store_as(dx, i, value);
      }
    }
  }
}
template <class T>
struct AddSamples {
  int batch, C;
  T const *d_bias, *d_weight;
  T *bias_gradient, *weight_gradient;
  BERL_FN void operator()(std::size_t c) const {
    for (int n = 0; n < batch; ++n) {  // in the samples' order
      std::size_t const i = static_cast<std::size_t>(n) * static_cast<std::size_t>(C) + c;
      bias_gradient[c] += d_bias[i];
      weight_gradient[c] += d_weight[i];
    }
  }
};

template <int G, int C, class In, class A, class T, class Y>
__global__ void __launch_bounds__(256) group_forward_kernel(GroupNormOf<G, C, A, T> of, T const* x, Y y, T* mean, T* inverse, double eps) {
  int const n = static_cast<int>(blockIdx.x) / G, g = static_cast<int>(blockIdx.x) % G;
  group_forward<G, C, In>(gpu::Block<256>{}, of, x, y, mean, inverse, eps, n, g);
}
template <int G, int C, class In, class A, class T, class DX>
__global__ void __launch_bounds__(256) group_backward_kernel(GroupNormOf<G, C, A, T> of, T const* x, T const* dy, DX dx, T const* mean,
                                                             T const* inverse, T* d_bias, T* d_weight) {
  int const n = static_cast<int>(blockIdx.x) / G, g = static_cast<int>(blockIdx.x) % G;
  group_backward<G, C, In>(gpu::Block<256>{}, of, x, dy, dx, mean, inverse, d_bias, d_weight, n, g);
}
}  // namespace berl::nn::detail

/// A block for each sample and group.
template <int G, int C>
struct berl::Kernel<berl::nn::GroupNorm<G, C>, berl::Cuda> {
  using Layer = nn::GroupNorm<G, C>;
  template <class T, class In, class Params, class A, class Y>
  static void forward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, T* mean, T* inverse) {
    using namespace nn::detail;
    gpu::launch(ctx, "berl::nn::GroupNorm", group_forward_kernel<G, C, In, A, T, Y>, {static_cast<unsigned>(x.batch() * G), 256},
                GroupNormOf<G, C, A, T>{p.weight.value(), p.bias.value(), rectified}, x.data(), y, mean, inverse, Layer::eps);
  }
  template <class T, class In, class Params, class A, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx, T const* mean,
                       T const* inverse) {
    using namespace nn::detail;
    Scope const scope(ctx.scratch);
    T* const d_bias = ctx.scratch.template take<T>(static_cast<std::size_t>(x.batch()) * C);
    T* const d_weight = ctx.scratch.template take<T>(static_cast<std::size_t>(x.batch()) * C);
    gpu::launch(ctx, "berl::nn::GroupNorm", group_backward_kernel<G, C, In, A, T, DX>, {static_cast<unsigned>(x.batch() * G), 256},
                GroupNormOf<G, C, A, T>{p.weight.value(), p.bias.value(), rectified}, x.data(), dy.data(), dx, mean, inverse, d_bias,
                d_weight);
    gpu::each(ctx, "berl::nn::GroupNorm", C, AddSamples<T>{x.batch(), C, d_bias, d_weight, p.bias.gradient(), p.weight.gradient()});
  }
};
