#pragma once
#include <berl/cuda/nn/channels.hpp>  // interleaved, store_as, Pack, Block
#include <berl/nn/norm.hpp>           // GroupNorm, NormOfChannels

#include <cmath>  // sqrt

namespace berl::nn::detail {
/// The arrays of a group norm over samples of In, as its kernels see them; the maps may be stored as an E that is narrower than T.
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
template <int G, int C, class In, class Team, class A, class T, class E, class Y>
BERL_FN void group_forward(Team const&, GroupNormOf<G, C, A, T> const& of, E const* x, Y const& y, T* mean, T* inverse, double eps, int n,
                           int g) {
  constexpr int inside = C / G;
  std::size_t const sample = static_cast<std::size_t>(n) * In::size;
  T const shift = static_cast<T>(x[sample + static_cast<std::size_t>(place<In>(g * inside, 0))]);
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
      T value[1] = {norm.output(static_cast<T>(x[i]), 0)};
      gpu::store_as(y, i, value);
    }
  }
}
/// The same of the pull-back; the sums of channel c go to d_bias and d_weight [n C + c].
template <int G, int C, class In, class Team, class A, class T, class E, class DX>
BERL_FN void group_backward(Team const&, GroupNormOf<G, C, A, T> const& of, E const* x, E const* dy, DX const& dx, T const* mean,
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
      norm.terms(static_cast<T>(x[i]), static_cast<T>(dy[i]), 0, d, product);
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
        T value[1] = {norm.pull(static_cast<T>(x[i]), static_cast<T>(dy[i]), b, d, 0)};
        gpu::store_as(dx, i, value);
      }
    }
  }
}

/// Where a group has as many channels as a pack has numbers, and they lie beside those of the others, a team has a sample: neighbouring
/// members have neighbouring groups of one pixel, so that they read what lies in a row.
template <int G, int C, class In, class T>
inline constexpr bool groups_are_packs = gpu::interleaved<In, LayoutOf<In, Cuda>> && C / G == gpu::pack_of<number_of<T>>;

/// A member's group and its first pixel, in a tile of groups; and sums over the members of one group, in the order of their pixels.
template <int G, class Team>
struct MemberOfTile {
  static constexpr int across = G < Team::size ? G : Team::size, down = Team::size / across, tiles = (G + across - 1) / across;
  int group, row;
  BERL_FN explicit MemberOfTile(int tile) : group(tile * across + Team::rank() % across), row(Team::rank() / across) {}
  BERL_FN bool works() const { return group < G && row < down; }
  ///   shared  Team::size numbers that all members see
  BERL_FN double sum(double v, double* shared) const {
    shared[Team::rank()] = v;
    Team::sync();
    double total = 0;
    for (int r = 0; r < down; ++r) total += shared[r * across + Team::rank() % across];
    Team::sync();
    return total;
  }
};
/// group_forward of all groups of a tile.
template <int G, int C, class In, class Team, class A, class T, class E, class Y>
BERL_FN void tile_forward(Team const&, GroupNormOf<G, C, A, T> const& of, E const* x, Y const& y, T* mean, T* inverse, double eps, int n,
                          int tile, double* shared) {
  constexpr int N = C / G, P = plane<In>;
  MemberOfTile<G, Team> const member(tile);
  std::size_t const first = static_cast<std::size_t>(n) * In::size + static_cast<std::size_t>(member.group * N);
  T const shift = member.works() ? static_cast<T>(x[first]) : T(0);
  double sums[2] = {};
  if (member.works())
    for (int p = member.row; p < P; p += member.down) {
      auto const pack = gpu::load<N>(x + first + static_cast<std::size_t>(p) * C);
      for (int k = 0; k < N; ++k) {
        double const d = static_cast<double>(pack.v[k] - shift);
        sums[0] += d;
        sums[1] += d * d;
      }
    }
  double const sum = member.sum(sums[0], shared), of_squares = member.sum(sums[1], shared);
  if (!member.works()) return;
  constexpr double count = static_cast<double>(N) * P;
  double const moved = sum / count, all = of_squares - sum * moved, squares = all > 0 ? all : 0;
  T const middle = static_cast<T>(static_cast<double>(shift) + moved), scale = static_cast<T>(1 / std::sqrt(squares / count + eps));
  if (member.row == 0) {
    mean[n * G + member.group] = middle;
    inverse[n * G + member.group] = scale;
  }
  for (int p = member.row; p < P; p += member.down) {
    std::size_t const i = first + static_cast<std::size_t>(p) * C;
    auto const pack = gpu::load<N>(x + i);
    T values[N];
    for (int k = 0; k < N; ++k) values[k] = of.norm(member.group * N + k, middle, scale).output(static_cast<T>(pack.v[k]), 0);
    gpu::store_as(y, i, values);
  }
}
/// group_backward of all groups of a tile.
template <int G, int C, class In, class Team, class A, class T, class E, class DX>
BERL_FN void tile_backward(Team const&, GroupNormOf<G, C, A, T> const& of, E const* x, E const* dy, DX const& dx, T const* mean,
                           T const* inverse, T* d_bias, T* d_weight, int n, int tile, double* shared) {
  constexpr int N = C / G, P = plane<In>;
  MemberOfTile<G, Team> const member(tile);
  std::size_t const first = static_cast<std::size_t>(n) * In::size + static_cast<std::size_t>(member.group * N);
  T const middle = member.works() ? mean[n * G + member.group] : T(0), scale = member.works() ? inverse[n * G + member.group] : T(0);
  double const inv = static_cast<double>(scale);
  double sums[2][N] = {};
  if (member.works())
    for (int p = member.row; p < P; p += member.down) {
      std::size_t const i = first + static_cast<std::size_t>(p) * C;
      auto const xs = gpu::load<N>(x + i), dys = gpu::load<N>(dy + i);
      for (int k = 0; k < N; ++k) {
        T d, product;
        of.norm(member.group * N + k, middle, scale).terms(static_cast<T>(xs.v[k]), static_cast<T>(dys.v[k]), 0, d, product);
        sums[0][k] += static_cast<double>(d);
        sums[1][k] += static_cast<double>(product);
      }
    }
  double total = 0, total_product = 0;  // of weight dy
  for (int k = 0; k < N; ++k) {
    double const sum = member.sum(sums[0][k], shared), of_products = member.sum(sums[1][k], shared);
    if (!member.works()) continue;
    int const c = member.group * N + k;
    if (member.row == 0) {
      d_bias[n * C + c] = static_cast<T>(sum);
      d_weight[n * C + c] = static_cast<T>(of_products * inv);
    }
    total += static_cast<double>(of.weight[c]) * sum;
    total_product += static_cast<double>(of.weight[c]) * of_products;
  }
  if constexpr (!skips<DX>) {
    if (!member.works()) return;
    constexpr double count = static_cast<double>(N) * P;
    T const b = static_cast<T>(-inv * inv * inv * total_product / count), d = static_cast<T>(-inv * total / count);
    for (int p = member.row; p < P; p += member.down) {
      std::size_t const i = first + static_cast<std::size_t>(p) * C;
      auto const xs = gpu::load<N>(x + i), dys = gpu::load<N>(dy + i);
      T values[N];
      for (int k = 0; k < N; ++k)
        values[k] = of.norm(member.group * N + k, middle, scale).pull(static_cast<T>(xs.v[k]), static_cast<T>(dys.v[k]), b, d, 0);
      gpu::store_as(dx, i, values);
    }
  }
}
/// The samples' shares of channel c, in the order of the team.
template <class Team, class T>
BERL_FN void add_samples(Team const&, int batch, int C, T const* d_bias, T const* d_weight, T* bias_gradient, T* weight_gradient, int c) {
  double sums[2] = {};
  for (int n = Team::rank(); n < batch; n += Team::size) {
    sums[0] += static_cast<double>(d_bias[n * C + c]);
    sums[1] += static_cast<double>(d_weight[n * C + c]);
  }
  Team::sum(sums);
  if (Team::rank() != 0) return;
  bias_gradient[c] += static_cast<T>(sums[0]);
  weight_gradient[c] += static_cast<T>(sums[1]);
}

inline constexpr int tile_threads = 512;
template <int G, int C, class In, class A, class T, class E, class Y>
__global__ void __launch_bounds__(tile_threads)
    tile_forward_kernel(GroupNormOf<G, C, A, T> of, E const* x, Y y, T* mean, T* inverse, double eps) {
  __shared__ double shared[tile_threads];
  tile_forward<G, C, In>(gpu::Block<tile_threads>{}, of, x, y, mean, inverse, eps, static_cast<int>(blockIdx.y),
                         static_cast<int>(blockIdx.x), shared);
}
template <int G, int C, class In, class A, class T, class E, class DX>
__global__ void __launch_bounds__(tile_threads) tile_backward_kernel(GroupNormOf<G, C, A, T> of, E const* x, E const* dy, DX dx,
                                                                     T const* mean, T const* inverse, T* d_bias, T* d_weight) {
  __shared__ double shared[tile_threads];
  tile_backward<G, C, In>(gpu::Block<tile_threads>{}, of, x, dy, dx, mean, inverse, d_bias, d_weight, static_cast<int>(blockIdx.y),
                          static_cast<int>(blockIdx.x), shared);
}
template <class T>
__global__ void __launch_bounds__(64)
    add_samples_kernel(int batch, int C, T const* d_bias, T const* d_weight, T* bias_gradient, T* weight_gradient) {
  add_samples(gpu::Block<64>{}, batch, C, d_bias, d_weight, bias_gradient, weight_gradient, static_cast<int>(blockIdx.x));
}

template <int G, int C, class In, class A, class T, class E, class Y>
__global__ void __launch_bounds__(256) group_forward_kernel(GroupNormOf<G, C, A, T> of, E const* x, Y y, T* mean, T* inverse, double eps) {
  int const n = static_cast<int>(blockIdx.x) / G, g = static_cast<int>(blockIdx.x) % G;
  group_forward<G, C, In>(gpu::Block<256>{}, of, x, y, mean, inverse, eps, n, g);
}
template <int G, int C, class In, class A, class T, class E, class DX>
__global__ void __launch_bounds__(256) group_backward_kernel(GroupNormOf<G, C, A, T> of, E const* x, E const* dy, DX dx, T const* mean,
                                                             T const* inverse, T* d_bias, T* d_weight) {
  int const n = static_cast<int>(blockIdx.x) / G, g = static_cast<int>(blockIdx.x) % G;
  group_backward<G, C, In>(gpu::Block<256>{}, of, x, dy, dx, mean, inverse, d_bias, d_weight, n, g);
}
}  // namespace berl::nn::detail

/// A block for each sample and tile of groups, or for each group.
template <int G, int C>
struct berl::Kernel<berl::nn::GroupNorm<G, C>, berl::Cuda> {
  using Layer = nn::GroupNorm<G, C>;
  template <class T, class In, class Params, class A, class Y>
  static void forward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, number_of<T>* mean, number_of<T>* inverse) {
    using namespace nn::detail;
    using Number = number_of<T>;
    GroupNormOf<G, C, A, Number> const of{p.weight.value(), p.bias.value(), rectified};
    if constexpr (groups_are_packs<G, C, In, T>) {
      require_aligned(x, y);
      gpu::launch(ctx, name, tile_forward_kernel<G, C, In, A, Number, T, Y>, tiles_of(x.batch()), of, x.data(), y, mean, inverse,
                  Layer::eps);
    } else {
      gpu::launch(ctx, name, group_forward_kernel<G, C, In, A, Number, T, Y>, {static_cast<unsigned>(x.batch() * G), 256}, of, x.data(), y,
                  mean, inverse, Layer::eps);
    }
  }
  template <class T, class In, class Params, class A, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx,
                       number_of<T> const* mean, number_of<T> const* inverse) {
    using namespace nn::detail;
    using Number = number_of<T>;
    Scope const scope(ctx.scratch);
    auto* const d_bias = ctx.scratch.template take<Number>(static_cast<std::size_t>(x.batch()) * C);
    auto* const d_weight = ctx.scratch.template take<Number>(static_cast<std::size_t>(x.batch()) * C);
    GroupNormOf<G, C, A, Number> const of{p.weight.value(), p.bias.value(), rectified};
    if constexpr (groups_are_packs<G, C, In, T>) {
      require_aligned(x, dx);
      gpu::require_aligned(name, dy.data());
      gpu::launch(ctx, name, tile_backward_kernel<G, C, In, A, Number, T, DX>, tiles_of(x.batch()), of, x.data(), dy.data(), dx, mean,
                  inverse, d_bias, d_weight);
    } else {
      gpu::launch(ctx, name, group_backward_kernel<G, C, In, A, Number, T, DX>, {static_cast<unsigned>(x.batch() * G), 256}, of, x.data(),
                  dy.data(), dx, mean, inverse, d_bias, d_weight);
    }
    gpu::launch(ctx, name, add_samples_kernel<Number>, {x.batch() > 0 ? static_cast<unsigned>(C) : 0, 64}, x.batch(), C,
                static_cast<Number const*>(d_bias), static_cast<Number const*>(d_weight), p.bias.gradient(), p.weight.gradient());
  }

 private:
  static constexpr char const* name = "berl::nn::GroupNorm";
  static gpu::Grid tiles_of(int batch) {
    using namespace nn::detail;
    return {dim3(MemberOfTile<G, gpu::Block<tile_threads>>::tiles, static_cast<unsigned>(batch)), tile_threads};
  }
  template <class X, class Y>
  static void require_aligned(X const& x, Y const& y) {
    gpu::require_aligned(name, x.data());
    if constexpr (!skips<Y>) gpu::require_aligned(name, y.data()), gpu::require_aligned(name, nn::detail::whole_base(y));
  }
};
