#pragma once
#include <berl/cuda/nn/channels.hpp>  // channels_sum, channels_map
#include <berl/nn/norm.hpp>           // BatchNorm

/// What batch norms do to a channel, with the rectifier A behind them: see channels.hpp. Forward passes twice over x, backward twice over x
/// and dy: sums, then elements.
namespace berl::nn::detail {
/// The sums of d and d^2, where d = x - shift: a value amid those of the channel, against cancellation.
template <class S, class L, class T>
struct PowersOf {
  T const* x;
  int batch;
  using Number = number_of<T>;
  struct Channel {
    Number shift;
    BERL_FN Number operator()(Number (&t)[2], Number v) const {
      Number const d = v - shift;
      t[0] = d;
      t[1] = d * d;
      return v;
    }
  };
  BERL_FN Channel at(int c) const { return {shift(c)}; }
  /// The mean of the first pixels of four samples.
  BERL_FN Number shift(int c) const {
    Number sum = 0;
    for (int i = 0; i < 4; ++i) sum += x[static_cast<std::ptrdiff_t>(batch) * i / 4 * S::size + offset_of<S, L>(c, 0, 0)];
    return sum / 4;
  }
};
/// The statistics of a channel from them.
template <class Layer, class Powers, class T>
struct StatisticsOf {
  Powers powers;
  double count;
  T *mean, *inverse, *running_mean, *running_var;
  BERL_FN void operator()(int c, double const (&sum)[2]) const {
    double const offset = sum[0] / count, squares = sum[1] - sum[0] * offset;
    finish_statistics<Layer>(count, static_cast<double>(powers.shift(c)) + offset, squares > 0 ? squares : 0, mean[c], inverse[c],
                             running_mean[c], running_var[c]);
  }
};
/// y
template <class A, class T>
struct NormOf {
  T const *mean, *weight, *inverse, *bias;
  A rectified;
  using One = NormOfChannels<A, T, 1, 1>;
  struct Channel {
    One norm;
    BERL_FN T operator()(T x) const { return norm.output(x, 0); }
  };
  BERL_FN Channel at(int c) const { return {one(c)}; }
  BERL_FN One one(int c) const { return {mean, weight, inverse, bias, rectified, c}; }
};
/// The sums that gradients are made of.
template <class A, class T>
struct NormTermsOf {
  static constexpr int terms = A::learns ? 3 : 2;
  NormOf<A, T> norms;
  struct Channel {
    typename NormOf<A, T>::One norm;
    BERL_FN T operator()(T (&t)[terms], T x, T dy) const {
      if constexpr (A::learns)
        norm.terms(x, dy, 0, t[0], t[1], t[2]);
      else
        norm.terms(x, dy, 0, t[0], t[1]);
      return dy;
    }
  };
  BERL_FN Channel at(int c) const { return {norms.one(c)}; }
};
/// The gradients of a channel from them, and what dx is made of.
template <class Mode, class A, class T>
struct NormGradientsOf {
  NormOf<A, T> norms;
  double count;
  T *dweight, *dbias, *b, *d;
  BERL_FN void operator()(int c, double const (&sum)[NormTermsOf<A, T>::terms]) const {
    finish_gradients<std::is_same_v<Mode, Training>>(count, sum, norms.weight[c], norms.inverse[c], dweight[c], dbias[c], b[c], d[c]);
    if constexpr (A::learns) norms.rectified.gradient[c] += static_cast<T>(sum[2]);
  }
};
/// dx
template <class A, class T>
struct NormPullOf {
  NormOf<A, T> norms;
  T const *b, *d;
  struct Channel {
    typename NormOf<A, T>::One norm;
    T b, d;
    BERL_FN T operator()(T x, T dy) const { return norm.pull(x, dy, b, d, 0); }
  };
  BERL_FN Channel at(int c) const { return {norms.one(c), b[c], d[c]}; }
};

/// The running statistics as those of a batch.
template <class Layer, class T>
struct RunningOf {
  T *mean, *inverse;
  T const *running_mean, *running_var;
  BERL_FN void operator()(std::size_t c) const {
    mean[c] = running_mean[c];
    inverse[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(running_var[c]) + Layer::eps));
  }
};
}  // namespace berl::nn::detail

template <int C, class Rule>
struct berl::Kernel<berl::nn::BatchNorm<C, Rule>, berl::Cuda> {
  using Layer = nn::BatchNorm<C, Rule>;
  static constexpr char const* name = "berl::nn::BatchNorm";
  template <class Mode, class T, class In, class Params, class A, class Y>
  static void forward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, number_of<T>* mean, number_of<T>* inverse) {
    using namespace nn::detail;
    using L = LayoutOf<In, Cuda>;
    if (x.batch() == 0) return;
    if constexpr (std::is_same_v<Mode, Training>) {
      using Powers = PowersOf<In, L, T>;
      Powers const powers{x.data(), x.batch()};
      StatisticsOf<Layer, Powers, number_of<T>> const finish{powers,  count<In>(x.batch()),   mean,
                                                             inverse, p.running_mean.value(), p.running_var.value()};
      gpu::channels_sum<2, In, L>(ctx, name, powers, Skip<T, In, Cuda>(nullptr, x.batch()), finish, x.data());
    } else {
      gpu::each(ctx, name, C, RunningOf<Layer, number_of<T>>{mean, inverse, p.running_mean.value(), p.running_var.value()});
    }
    apply<T>(ctx, p, rectified, x, y, mean, inverse);
  }
  template <class T, class In, class Params, class A, class Y>
  static void apply(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, number_of<T> const* mean,
                    number_of<T> const* inverse) {
    using namespace nn::detail;
    if (x.batch() == 0) return;
    gpu::channels_map<In, LayoutOf<In, Cuda>>(
        ctx, name, NormOf<A, number_of<T>>{mean, p.weight.value(), inverse, p.bias.value(), rectified}, y, x.data());
  }
  template <class Mode, class T, class In, class Params, class A, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx,
                       number_of<T> const* mean, number_of<T> const* inverse) {
    using namespace nn::detail;
    using L = LayoutOf<In, Cuda>;
    using Number = number_of<T>;
    if (x.batch() == 0) return;
    Scope const scope(ctx.scratch);
    auto* const b = ctx.scratch.template take<Number>(C);
    auto* const d = ctx.scratch.template take<Number>(C);
    NormOf<A, Number> const norms{mean, p.weight.value(), inverse, p.bias.value(), rectified};
    using Terms = NormTermsOf<A, Number>;
    gpu::channels_sum<Terms::terms, In, L>(
        ctx, name, Terms{norms}, Skip<T, In, Cuda>(nullptr, x.batch()),
        NormGradientsOf<Mode, A, Number>{norms, count<In>(x.batch()), p.weight.gradient(), p.bias.gradient(), b, d}, x.data(), dy.data());
    if constexpr (!skips<DX>) gpu::channels_map<In, L>(ctx, name, NormPullOf<A, Number>{norms, b, d}, dx, x.data(), dy.data());
  }

 private:
  template <class In>
  static double count(int batch) {
    return static_cast<double>(batch) * plane<In>;
  }
};
