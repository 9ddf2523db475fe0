#pragma once
#include <berl/cuda/nn/channels.hpp>   // channels_map, channels_sum
#include <berl/cuda/nn/rectified.hpp>  // channel_of
#include <berl/nn/norm.hpp>            // BatchNorm

#include <cmath>  // sqrt

namespace berl::nn::detail {
/// What a norm does to one element, and the rectifier that it is handed on to: v = scale (x - mean) + shift, y = A(v).
template <class A, class T>
struct NormOfChannel {
  T mean, scale, shift;
  A a;
  BERL_FN T value(T x) const { return scale * (x - mean) + shift; }
  BERL_FN T forward(T x) const { return a.value(value(x)); }
  BERL_FN T pull(T x, T dy) const { return a.pull(value(x), dy); }  // dv
  /// dx = scale dv + b (x - mean) + d
  BERL_FN T backward(T x, T dy, T b, T d) const { return scale * pull(x, dy) + b * (x - mean) + d; }
};

/// Moments of a channel: values count from its first element, so that large means do not cancel.
template <class T, int step>
struct MomentsOf {
  T const* x;
  struct Channel {
    T first;
    BERL_FN T operator()(T (&t)[2], T value) const {
      t[0] = value - first;
      t[1] = t[0] * t[0];
      return value;
    }
  };
  BERL_FN Channel at(int c) const { return {x[c * step]}; }
};
/// Mean and 1 / sqrt(var + eps) of a channel, and the running statistics.
template <class Layer, class T, int step>
struct Statistics {
  T const* x;
  double count;
  T *mean, *inverse, *running_mean, *running_var;
  BERL_FN void operator()(int c, double const (&sum)[2]) const {
    double const shift = sum[0] / count, middle = static_cast<double>(x[c * step]) + shift;
    double const all = sum[1] - sum[0] * shift, squares = all > 0 ? all : 0;
    double const var = squares / count, unbiased = count > 1 ? squares / (count - 1) : var;
    mean[c] = static_cast<T>(middle);
    inverse[c] = static_cast<T>(1 / std::sqrt(var + Layer::eps));
    running_mean[c] = static_cast<T>((1 - Layer::momentum) * static_cast<double>(running_mean[c]) + Layer::momentum * middle);
    running_var[c] = static_cast<T>((1 - Layer::momentum) * static_cast<double>(running_var[c]) + Layer::momentum * unbiased);
  }
};
/// The same from the running statistics.
template <class Layer, class T>
struct KnownStatistics {
  T const *running_mean, *running_var;
  T *mean, *inverse;
  BERL_FN void operator()(std::size_t c) const {
    mean[c] = running_mean[c];
    inverse[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(running_var[c]) + Layer::eps));
  }
};

template <class A, class T>
struct BatchNormOf {
  T const *mean, *inverse, *weight, *bias;
  A rectified;
  BERL_FN auto norm(int c) const {
    auto const a = channel_of(rectified, c);
    return NormOfChannel<std::remove_const_t<decltype(a)>, T>{mean[c], weight[c] * inverse[c], bias[c], a};
  }
};
template <class A, class T>
struct BatchNormForward {
  BatchNormOf<A, T> of;
  template <class Norm>
  struct Channel {
    Norm norm;
    BERL_FN T operator()(T x) const { return norm.forward(x); }
  };
  BERL_FN auto at(int c) const { return Channel<decltype(of.norm(c))>{of.norm(c)}; }
};
/// The sums over each channel of dv, dv (x - mean), and of what A learns from.
template <class A, class T>
struct BatchNormSums {
  static constexpr int terms = A::learns ? 3 : 2;
  BatchNormOf<A, T> of;
  template <class Norm>
  struct Channel {
    Norm norm;
    BERL_FN T operator()(T (&t)[terms], T x, T dy) const {
      t[0] = norm.pull(x, dy);
      t[1] = t[0] * (x - norm.mean);
      if constexpr (A::learns) t[2] = norm.a.learnt(norm.value(x), dy);
      return t[0];
    }
  };
  BERL_FN auto at(int c) const { return Channel<decltype(of.norm(c))>{of.norm(c)}; }
};
/// The parameters' gradients, and what dx takes of the sums.
template <class Mode, class A, class T>
struct BatchNormFinish {
  static constexpr int terms = A::learns ? 3 : 2;
  T const *weight, *inverse;
  T *d_weight, *d_bias, *b, *d;
  A rectified;
  double count;
  BERL_FN void operator()(int c, double const (&sum)[terms]) const {
    double const inv = static_cast<double>(inverse[c]), slope = static_cast<double>(weight[c]) * inv;
    d_bias[c] += static_cast<T>(sum[0]);
    d_weight[c] += static_cast<T>(sum[1] * inv);
    if constexpr (A::learns) rectified.gradient[c] += static_cast<T>(sum[2]);
    constexpr bool trained = std::is_same_v<Mode, Training>;  // running statistics are constants
    b[c] = trained ? static_cast<T>(-slope * inv * inv * sum[1] / count) : T(0);
    d[c] = trained ? static_cast<T>(-slope * sum[0] / count) : T(0);
  }
};
template <class A, class T>
struct BatchNormBackward {
  BatchNormOf<A, T> of;
  T const *b, *d;
  template <class Norm>
  struct Channel {
    Norm norm;
    T b, d;
    BERL_FN T operator()(T x, T dy) const { return norm.backward(x, dy, b, d); }
  };
  BERL_FN auto at(int c) const { return Channel<decltype(of.norm(c))>{of.norm(c), b[c], d[c]}; }
};
}  // namespace berl::nn::detail

/// Two passes over x in training, one in inference, each with the rectifier and the addition to a residual's base in it.
template <int C, class Rule>
struct berl::Kernel<berl::nn::BatchNorm<C, Rule>, berl::Cuda> {
  using Layer = nn::BatchNorm<C, Rule>;
  template <class In>
  using Layout = LayoutOf<In, Cuda>;
  /// From one channel's first element to the next one's.
  template <class In>
  static constexpr int step = gpu::interleaved<In, Layout<In>> ? 1 : plane<In>;

  template <class Mode, class T, class In, class Params, class A, class Y>
  static void forward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Y y, T* mean, T* inverse) {
    using namespace nn::detail;
    if constexpr (std::is_same_v<Mode, Training>)
      gpu::channels_sum<2, In, Layout<In>>(ctx, "berl::nn::BatchNorm", MomentsOf<T, step<In>>{x.data()}, nothing(x),
                                           Statistics<Layer, T, step<In>>{x.data(), static_cast<double>(x.batch()) * plane<In>, mean,
                                                                          inverse, p.running_mean.value(), p.running_var.value()},
                                           x.data());
    else
      gpu::each(ctx, "berl::nn::BatchNorm", C, KnownStatistics<Layer, T>{p.running_mean.value(), p.running_var.value(), mean, inverse});
    gpu::channels_map<In, Layout<In>>(ctx, "berl::nn::BatchNorm", BatchNormForward<A, T>{of(p, rectified, mean, inverse)}, y, x.data());
  }
  template <class Mode, class T, class In, class Params, class A, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, A rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx, T const* mean,
                       T const* inverse) {
    using namespace nn::detail;
    Scope const scope(ctx.scratch);
    T* const b = ctx.scratch.template take<T>(C);
    T* const d = ctx.scratch.template take<T>(C);
    auto const norm = of(p, rectified, mean, inverse);
    gpu::channels_sum<BatchNormSums<A, T>::terms, In, Layout<In>>(
        ctx, "berl::nn::BatchNorm", BatchNormSums<A, T>{norm}, nothing(x),
        BatchNormFinish<Mode, A, T>{p.weight.value(), inverse, p.weight.gradient(), p.bias.gradient(), b, d, rectified,
                                    static_cast<double>(x.batch()) * plane<In>},
        x.data(), dy.data());
    if constexpr (!skips<DX>)
      gpu::channels_map<In, Layout<In>>(ctx, "berl::nn::BatchNorm", BatchNormBackward<A, T>{norm, b, d}, dx, x.data(), dy.data());
  }

 private:
  template <class T, class In>
  static Skip<T, In, Cuda> nothing(Read<T, In, Cuda> x) {
    return {nullptr, x.batch()};
  }
  template <class T, class Params, class A>
  static nn::detail::BatchNormOf<A, T> of(Params& p, A rectified, T const* mean, T const* inverse) {
    return {mean, inverse, p.weight.value(), p.bias.value(), rectified};
  }
};
