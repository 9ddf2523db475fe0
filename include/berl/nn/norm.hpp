#pragma once
#include <berl/core/check.hpp>    // check::Channels
#include <berl/nn/pointwise.hpp>  // Layer, whole_base

#include <algorithm>  // max
#include <cmath>      // sqrt

namespace berl::nn {
/// Batch normalisation, over (N, H, W) for each channel (ioffe2015). One- and two-dimensional alike.
///   Training   y = weight (x - mean) / sqrt(var + eps) + bias, with the batch's mean and biased variance; running statistics
///              move by a tenth towards the mean and the unbiased variance
///   Inference  the same with the running statistics, which are constants of the gradient
///   shapes  x, y: (N, C, H, W) or (N, C); weight, bias, running_mean, running_var: (C)
///   keeps   x, mean, 1 / sqrt(var + eps)
///   errors  check::Channels
template <int C, class WeightRule = Undecayed>
struct BatchNorm : Layer {
  static_assert(C > 0, "berl::nn::BatchNorm<C>: C, the number of channels, must be positive.");
  static constexpr double eps = 1e-5, momentum = 0.1;
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Param<T, Shape<C>, D, WeightRule> weight;
    Param<T, Shape<C>, D, Undecayed> bias;
    Buffer<T, Shape<C>, D> running_mean, running_var;
    constexpr void visit(auto&& f, auto const& path) {
      f(path / "weight", weight);
      f(path / "bias", bias);
      f(path / "running_mean", running_mean);
      f(path / "running_var", running_var);
    }
  };
  template <class T, class In>
  static constexpr std::size_t kept(int) {
    return 2 * padded<T>(C);
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int, int) {
    return 2 * padded<T>(C) * sizeof(T);
  }
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, P pass) {
    if constexpr (std::is_same_v<P, Forget>) {
      Scope const scope(ctx.scratch);
      T* const mean = ctx.scratch.template take<T>(C);
      T* const inverse = ctx.scratch.template take<T>(C);
      Kernel<BatchNorm, D>::template forward<Mode>(ctx, p, x, y, mean, inverse);
    } else {
      T* const mean = pass.take(C);
      T* const inverse = pass.take(C);
      Kernel<BatchNorm, D>::template forward<Mode>(ctx, p, x, y, mean, inverse);
    }
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass) {
    T const* const mean = pass.take(C);
    T const* const inverse = pass.take(C);
    Kernel<BatchNorm, D>::template backward<Mode>(ctx, p, x, dy, dx, mean, inverse);
  }
};

/// Group normalisation, over the channels of a group and (H, W), for each sample (wu2018).
///   y = weight[c] (x - mean) / sqrt(var + eps) + bias[c], with the biased variance
///   shapes  x, y: (N, C, H, W); weight, bias: (C); C / Groups channels to a group
///   keeps   x, mean, 1 / sqrt(var + eps) of each sample and group
///   errors  check::Channels; Groups that do not divide C
template <int Groups, int C>
struct GroupNorm : Layer {
  static_assert(C > 0 && Groups > 0 && C % Groups == 0, "berl::nn::GroupNorm<Groups, C>: Groups must divide C, the number of channels.");
  static constexpr double eps = 1e-5;
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Param<T, Shape<C>, D> weight, bias;
    constexpr void visit(auto&& f, auto const& path) {
      f(path / "weight", weight);
      f(path / "bias", bias);
    }
  };
  template <class T, class In>
  static constexpr std::size_t kept(int batch) {
    return 2 * padded<T>(static_cast<std::size_t>(batch) * Groups);
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int) {
    return std::max(kept<T, In>(batch), 2 * padded<T>(static_cast<std::size_t>(batch) * C)) * sizeof(T);
  }
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, P pass) {
    auto const n = static_cast<std::size_t>(x.batch()) * Groups;
    if constexpr (std::is_same_v<P, Forget>) {
      Scope const scope(ctx.scratch);
      T* const mean = ctx.scratch.template take<T>(n);
      T* const inverse = ctx.scratch.template take<T>(n);
      Kernel<GroupNorm, D>::forward(ctx, p, x, y, mean, inverse);
    } else {
      T* const mean = pass.take(n);
      T* const inverse = pass.take(n);
      Kernel<GroupNorm, D>::forward(ctx, p, x, y, mean, inverse);
    }
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass) {
    auto const n = static_cast<std::size_t>(x.batch()) * Groups;
    T const* const mean = pass.take(n);
    T const* const inverse = pass.take(n);
    Kernel<GroupNorm, D>::backward(ctx, p, x, dy, dx, mean, inverse);
  }
};
}  // namespace berl::nn

namespace berl {
namespace nn::detail {
inline constexpr int norm_lanes = 32;

/// Mean and squared deviation of a set, to which sets are joined without cancellation.
struct Moments {
  double count = 0, mean = 0, squares = 0;  // squares: sum of (x - mean)^2
  void join(double n, double other_mean, double other_squares) {
    double const delta = other_mean - mean, total = count + n;
    mean += delta * n / total;
    squares += other_squares + delta * delta * count * n / total;
    count = total;
  }
};
/// One pass over n values, relative to the first of them.
template <class T>
void join(Moments& moments, T const* x, int n) {
  T const shift = x[0];
  T sums[norm_lanes] = {}, squares[norm_lanes] = {};
  int i = 0;
  for (; i + norm_lanes <= n; i += norm_lanes)
    for (int k = 0; k < norm_lanes; ++k) {
      T const d = x[i + k] - shift;
      sums[k] += d;
      squares[k] += d * d;
    }
  for (int k = 0; k < norm_lanes && i < n; ++i, ++k) {
    T const d = x[i] - shift;
    sums[k] += d;
    squares[k] += d * d;
  }
  double sum = 0, square = 0;
  for (int k = 0; k < norm_lanes; ++k) {
    sum += static_cast<double>(sums[k]);
    square += static_cast<double>(squares[k]);
  }
  double const squared = square - sum * sum / n;
  moments.join(n, static_cast<double>(shift) + sum / n, squared > 0 ? squared : 0);
}
/// Adds sum dy, and sum dy (x - mean).
template <class T>
void sum_products(T const* x, T const* dy, int n, T mean, double& sum, double& product) {
  T sums[norm_lanes] = {}, products[norm_lanes] = {};
  int i = 0;
  for (; i + norm_lanes <= n; i += norm_lanes)
    for (int k = 0; k < norm_lanes; ++k) {
      sums[k] += dy[i + k];
      products[k] += dy[i + k] * (x[i + k] - mean);
    }
  for (int k = 0; k < norm_lanes && i < n; ++i, ++k) {
    sums[k] += dy[i];
    products[k] += dy[i] * (x[i] - mean);
  }
  for (int k = 0; k < norm_lanes; ++k) {
    sum += static_cast<double>(sums[k]);
    product += static_cast<double>(products[k]);
  }
}
/// y = [base +] scale (x - mean) + shift
template <bool onto_base, class T>
void affine(T const* x, int n, T mean, T scale, T shift, T const* base, T* y) {
  for (int i = 0; i < n; ++i)
    if constexpr (onto_base)
      y[i] = base[i] + (scale * (x[i] - mean) + shift);
    else
      y[i] = scale * (x[i] - mean) + shift;
}
/// dx = [base +] a dy + b (x - mean) + c
template <bool onto_base, class T>
void affine(T const* x, T const* dy, int n, T mean, T a, T b, T c, T const* base, T* dx) {
  for (int i = 0; i < n; ++i)
    if constexpr (onto_base)
      dx[i] = base[i] + (a * dy[i] + b * (x[i] - mean) + c);
    else
      dx[i] = a * dy[i] + b * (x[i] - mean) + c;
}
}  // namespace nn::detail

template <int C, class R>
struct Kernel<nn::BatchNorm<C, R>, Host> {
  using Layer = nn::BatchNorm<C, R>;
  template <class Mode, class T, class In, class Params, class Y>
  static void forward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Y y, T* mean, T* inverse) {
    constexpr int P = plane<In>;
    parallel_for(ctx, C, [&](std::ptrdiff_t c) {
      auto const channel = [&](int n) { return (static_cast<std::ptrdiff_t>(n) * C + c) * P; };
      if constexpr (std::is_same_v<Mode, Training>) {
        nn::detail::Moments m;
        for (int n = 0; n < x.batch(); ++n) nn::detail::join(m, x.data() + channel(n), P);
        double const var = m.squares / m.count, unbiased = m.count > 1 ? m.squares / (m.count - 1) : var;
        mean[c] = static_cast<T>(m.mean);
        inverse[c] = static_cast<T>(1 / std::sqrt(var + Layer::eps));
        T& running_mean = p.running_mean.value()[c];
        T& running_var = p.running_var.value()[c];
        running_mean = static_cast<T>((1 - Layer::momentum) * static_cast<double>(running_mean) + Layer::momentum * m.mean);
        running_var = static_cast<T>((1 - Layer::momentum) * static_cast<double>(running_var) + Layer::momentum * unbiased);
      } else {
        mean[c] = p.running_mean.value()[c];
        inverse[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(p.running_var.value()[c]) + Layer::eps));
      }
      T const scale = p.weight.value()[c] * inverse[c], shift = p.bias.value()[c];
      for (int n = 0; n < x.batch(); ++n)
        nn::detail::affine<accumulates<Y>>(x.data() + channel(n), P, mean[c], scale, shift, nn::detail::whole_base(y) + channel(n), y.data() + channel(n));
    });
  }
  template <class Mode, class T, class In, class Params, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, T const* mean, T const* inverse) {
    constexpr int P = plane<In>;
    parallel_for(ctx, C, [&](std::ptrdiff_t c) {
      auto const channel = [&](int n) { return (static_cast<std::ptrdiff_t>(n) * C + c) * P; };
      double sum = 0, product = 0;
      for (int n = 0; n < x.batch(); ++n) nn::detail::sum_products(x.data() + channel(n), dy.data() + channel(n), P, mean[c], sum, product);
      double const inv = static_cast<double>(inverse[c]);
      p.bias.gradient()[c] += static_cast<T>(sum);
      p.weight.gradient()[c] += static_cast<T>(product * inv);
      if constexpr (!skips<DX>) {
        double const a = static_cast<double>(p.weight.value()[c]) * inv;
        double b = 0, d = 0;
        if constexpr (std::is_same_v<Mode, Training>) {
          double const count = static_cast<double>(x.batch()) * P;
          b = -a * inv * inv * product / count;
          d = -a * sum / count;
        }
        for (int n = 0; n < x.batch(); ++n)
          nn::detail::affine<accumulates<DX>>(x.data() + channel(n), dy.data() + channel(n), P, mean[c], static_cast<T>(a), static_cast<T>(b),
                                              static_cast<T>(d), nn::detail::whole_base(dx) + channel(n), dx.data() + channel(n));
      }
    });
  }
};

template <int G, int C>
struct Kernel<nn::GroupNorm<G, C>, Host> {
  using Layer = nn::GroupNorm<G, C>;
  template <class T, class In, class Params, class Y>
  static void forward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Y y, T* mean, T* inverse) {
    constexpr int P = plane<In>, inside = C / G;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * G, [&](std::ptrdiff_t i) {
      T const* const xs = x.data() + i * inside * P;
      nn::detail::Moments m;
      for (int c = 0; c < inside; ++c) nn::detail::join(m, xs + c * P, P);
      mean[i] = static_cast<T>(m.mean);
      inverse[i] = static_cast<T>(1 / std::sqrt(m.squares / m.count + Layer::eps));
      for (int c = 0; c < inside; ++c) {
        std::ptrdiff_t const at = (i * inside + c) * P, channel = i % G * inside + c;
        T const scale = p.weight.value()[channel] * inverse[i];
        nn::detail::affine<accumulates<Y>>(x.data() + at, P, mean[i], scale, p.bias.value()[channel], nn::detail::whole_base(y) + at,
                                           y.data() + at);
      }
    });
  }
  template <class T, class In, class Params, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, T const* mean, T const* inverse) {
    constexpr int P = plane<In>, inside = C / G;
    Scope const scope(ctx.scratch);
    T* const sums = ctx.scratch.take<T>(static_cast<std::size_t>(x.batch()) * C);
    T* const products = ctx.scratch.take<T>(static_cast<std::size_t>(x.batch()) * C);
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * G, [&](std::ptrdiff_t i) {
      double total = 0, total_product = 0;  // of weight dy
      for (int c = 0; c < inside; ++c) {
        std::ptrdiff_t const at = (i * inside + c) * P;
        double sum = 0, product = 0;
        nn::detail::sum_products(x.data() + at, dy.data() + at, P, mean[i], sum, product);
        sums[i * inside + c] = static_cast<T>(sum);
        products[i * inside + c] = static_cast<T>(product * static_cast<double>(inverse[i]));
        double const weight = static_cast<double>(p.weight.value()[i % G * inside + c]);
        total += weight * sum;
        total_product += weight * product;
      }
      if constexpr (!skips<DX>) {
        double const inv = static_cast<double>(inverse[i]), count = static_cast<double>(inside) * P;
        double const b = -inv * inv * inv * total_product / count, d = -inv * total / count;
        for (int c = 0; c < inside; ++c) {
          std::ptrdiff_t const at = (i * inside + c) * P;
          double const a = static_cast<double>(p.weight.value()[i % G * inside + c]) * inv;
          nn::detail::affine<accumulates<DX>>(x.data() + at, dy.data() + at, P, mean[i], static_cast<T>(a), static_cast<T>(b), static_cast<T>(d),
                                              nn::detail::whole_base(dx) + at, dx.data() + at);
        }
      }
    });
    for (int n = 0; n < x.batch(); ++n)  // in the samples' order
      for (int c = 0; c < C; ++c) {
        p.bias.gradient()[c] += sums[n * C + c];
        p.weight.gradient()[c] += products[n * C + c];
      }
  }
};
}  // namespace berl
