#pragma once
#include <berl/cuda/nn/channels.hpp>  // sum_channels, map_channels
#include <berl/cuda/nn/plan.hpp>      // Planned
#include <berl/nn/norm.hpp>           // BatchNorm

namespace berl::gpu {
/// The sums of x and of x^2. They are double, and so need no shift against cancellation.
template <class T>
struct Powers {
  T const* x;
  template <int N>
  BERL_FN Powers of(int) const {
    return *this;
  }
  template <int N>
  BERL_FN void add(std::ptrdiff_t at, double (&total)[2][N]) const {
    auto const pack = load<N>(x + at);
    for (int k = 0; k < N; ++k) {
      double const v = static_cast<double>(pack.v[k]);
      total[0][k] += v;
      total[1][k] += v * v;
    }
  }
};
/// Statistics of a channel from them.
template <class L, class T>
struct Statistics {
  double count;
  T *mean, *inverse, *running_mean, *running_var;
  BERL_FN void operator()(int c, double const* sum) const {
    double const m = sum[0] / count, squares = sum[1] - sum[0] * m;
    nn::detail::finish_statistics<L>(count, m, squares > 0 ? squares : 0, mean[c], inverse[c], running_mean[c], running_var[c]);
  }
};
template <class L, class T>
struct RunningStatistics {
  T *mean, *inverse;
  T const *running_mean, *running_var;
  BERL_FN void operator()(int c) const {
    mean[c] = running_mean[c];
    inverse[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(running_var[c]) + L::eps));
  }
};

/// A norm's constants; for the channels from c on its elements.
template <class A, class T>
struct NormOf {
  T const *mean, *weight, *inverse, *bias;
  A rectified;
  template <int N>
  using Channels = nn::detail::NormOfChannels<A, T, N, N>;
  template <int N>
  BERL_FN Channels<N> channels(int c) const {
    return {mean, weight, inverse, bias, rectified, c};
  }
};
/// y
template <class A, class T>
struct NormOutput {
  NormOf<A, T> norm;
  template <int N>
  struct Value {
    typename NormOf<A, T>::template Channels<N> channels;
    BERL_FN T operator()(T const (&x)[1], int k) const { return channels.output(x[0], k); }
  };
  template <int N>
  BERL_FN Value<N> of(int c) const {
    return {norm.template channels<N>(c)};
  }
};
/// The sums that gradients are made of.
template <class A, class T>
struct NormTerms {
  static constexpr int terms = A::learns ? 3 : 2;
  NormOf<A, T> norm;
  T const *x, *dy;
  template <int N>
  struct Value {
    typename NormOf<A, T>::template Channels<N> channels;
    T const *x, *dy;
    BERL_FN void add(std::ptrdiff_t at, double (&total)[terms][N]) const {
      auto const xs = load<N>(x + at), dys = load<N>(dy + at);
      for (int k = 0; k < N; ++k) {
        T t[terms];
        if constexpr (A::learns)
          channels.terms(xs.v[k], dys.v[k], k, t[0], t[1], t[2]);
        else
          channels.terms(xs.v[k], dys.v[k], k, t[0], t[1]);
        for (int s = 0; s < terms; ++s) total[s][k] += static_cast<double>(t[s]);
      }
    }
  };
  template <int N>
  BERL_FN Value<N> of(int c) const {
    return {norm.template channels<N>(c), x, dy};
  }
};
/// Gradients of a channel from them, and what dx is made of.
template <class Mode, class A, class T>
struct NormGradients {
  double count;
  NormOf<A, T> norm;
  T *dweight, *dbias, *b, *d;
  BERL_FN void operator()(int c, double const* sum) const {
    nn::detail::finish_gradients<std::is_same_v<Mode, Training>>(count, sum, norm.weight[c], norm.inverse[c], dweight[c], dbias[c], b[c],
                                                                 d[c]);
    if constexpr (A::learns) norm.rectified.gradient[c] += static_cast<T>(sum[2]);
  }
};
/// dx
template <class A, class T>
struct NormPull {
  NormOf<A, T> norm;
  T const *b, *d;
  template <int N>
  struct Value {
    typename NormOf<A, T>::template Channels<N> channels;
    nn::detail::Lanes<T, N, N> b, d;
    BERL_FN T operator()(T const (&in)[2], int k) const { return channels.pull(in[0], in[1], b.at[k], d.at[k], k); }
  };
  template <int N>
  BERL_FN Value<N> of(int c) const {
    return {norm.template channels<N>(c), nn::detail::Lanes<T, N, N>(b + c), nn::detail::Lanes<T, N, N>(d + c)};
  }
};

/// Forward takes two passes over x, backward two over x and dy: sums, then elements.
template <int C, class Rule, class T, class In>
struct Planned<nn::BatchNorm<C, Rule>, T, In> {
  static std::size_t bytes(Context<Cuda>&, int batch) {
    return sum_channels_scratch<T, In, 3>(batch) + 2 * padded<T>(C) * sizeof(T);  // mean and inverse, or b and d
  }
};
template <class Norm, class A, class T, class In>
struct Planned<nn::Activated<Norm, A>, T, In> : Planned<Norm, T, In> {};
}  // namespace berl::gpu

template <int C, class Rule>
struct berl::Kernel<berl::nn::BatchNorm<C, Rule>, berl::Cuda> {
  using Layer = nn::BatchNorm<C, Rule>;
  static constexpr char const* name = "berl::nn::BatchNorm";
  template <class Mode, class T, class In, class Params, class A, class Y>
  static void forward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, T* mean, T* inverse) {
    if (x.batch() == 0) return;
    if constexpr (std::is_same_v<Mode, Training>)
      gpu::sum_channels<T, In, 2>(
          ctx, name, x.batch(), gpu::Powers<T>{x.data()},
          gpu::Statistics<Layer, T>{count<In>(x.batch()), mean, inverse, p.running_mean.value(), p.running_var.value()});
    else
      gpu::each_channel<C>(ctx, name, gpu::RunningStatistics<Layer, T>{mean, inverse, p.running_mean.value(), p.running_var.value()});
    gpu::NormOutput<A, T> const output{{mean, p.weight.value(), inverse, p.bias.value(), rectified}};
    gpu::map_channels<In, accumulates<Y>, T>(ctx, name, x.batch(), output, {x.data()}, nn::detail::whole_base(y), y.data());
  }
  template <class Mode, class T, class In, class Params, class A, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx, T const* mean,
                       T const* inverse) {
    if (x.batch() == 0) return;
    Scope const scope(ctx.scratch);
    T* const b = ctx.scratch.template take<T>(C);
    T* const d = ctx.scratch.template take<T>(C);
    gpu::NormOf<A, T> const norm{mean, p.weight.value(), inverse, p.bias.value(), rectified};
    using Terms = gpu::NormTerms<A, T>;
    gpu::sum_channels<T, In, Terms::terms>(
        ctx, name, x.batch(), Terms{norm, x.data(), dy.data()},
        gpu::NormGradients<Mode, A, T>{count<In>(x.batch()), norm, p.weight.gradient(), p.bias.gradient(), b, d});
    if constexpr (!skips<DX>)
      gpu::map_channels<In, accumulates<DX>, T>(ctx, name, x.batch(), gpu::NormPull<A, T>{norm, b, d}, {x.data(), dy.data()},
                                                nn::detail::whole_base(dx), dx.data());
  }

 private:
  template <class In>
  static double count(int batch) {
    return static_cast<double>(batch) * plane<In>;
  }
};
