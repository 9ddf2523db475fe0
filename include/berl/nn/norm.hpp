#pragma once
#include <berl/core/check.hpp>    // check::Channels
#include <berl/nn/activated.hpp>  // Activated, Unchanged
#include <berl/nn/normalise.hpp>  // MomentsOfRuns, NormOfRun, SumsOfRuns
#include <berl/nn/pointwise.hpp>  // Layer, whole_base

#include <algorithm>  // max, copy_n
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
  static constexpr bool in_place = true, recomputes = true, sums_runs = true;
  template <Rectifier A>
  using joined = Activated<BatchNorm, A>;
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Beginning<Param<T, Shape<C>, D, WeightRule>, 100> weight;
    Beginning<Param<T, Shape<C>, D, Undecayed>, 0> bias;
    Beginning<Buffer<T, Shape<C>, D>, 0> running_mean;
    Beginning<Buffer<T, Shape<C>, D>, 100> running_var;
    constexpr void visit(auto&& f, auto const& path) {
      f(path / "weight", weight);
      f(path / "bias", bias);
      f(path / "running_mean", running_mean);
      f(path / "running_var", running_var);
    }
  };
  template <class T, class In>
  static constexpr std::size_t kept(int) {
    return 2 * padded<T>(room_for_numbers<T>(C));
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int) {
    return 2 * padded<number_of<T>>(C) * sizeof(number_of<T>) + padded<double>(run_sums<In>(batch)) * sizeof(double);
  }
  /// For each sample and channel two sums in forward, and two in backward, or three where a rectifier learns.
  template <class In>
  static constexpr std::size_t run_sums(int batch) {
    return 3 * static_cast<std::size_t>(batch) * C;
  }
  template <class Mode, class T, class In, class D, class Y, class P, class... Sums>
  static void forward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, P pass, Sums... sums) {
    forward_through<Mode>(ctx, p, detail::Unchanged{}, x, y, pass, sums...);
  }
  template <class Mode, class T, class In, class D, class DX, class... Sums>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass, Sums... sums) {
    backward_through<Mode>(ctx, p, detail::Unchanged{}, x, dy, dx, pass, sums...);
  }
  template <class T, class In>
  static auto moments_of_runs(Read<T, In, Host> x, double* sums) {
    return detail::MomentsOfRuns<T, In>(x, sums);
  }
  template <class T, class In>
  static auto sums_of_runs(Params<T, Host>& p, Read<T, In, Host> x, Read<T, In, Host> dy, Pass<T> pass, double* sums) {
    return sums_of_runs_through(p, detail::Unchanged{}, x, dy, pass, sums);
  }
  template <class T, class In, class D, class Y>
  static void again(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, Pass<T> pass) {
    again_through(ctx, p, detail::Unchanged{}, x, y, pass);
  }
  /// The same with a rectifier on the way out.
  template <class Mode, class T, class In, class D, class A, class Y, class P, class... Sums>
  static void forward_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Y y, P pass, Sums... sums) {
    if constexpr (std::is_same_v<P, Forget>) {
      Scope const scope(ctx.scratch);
      auto* const mean = ctx.scratch.template take<number_of<T>>(C);
      auto* const inverse = ctx.scratch.template take<number_of<T>>(C);
      Kernel<BatchNorm, D>::template forward<Mode>(ctx, p, rectified, x, y, mean, inverse, sums...);
    } else {
      auto* const mean = pass.take_numbers(C);
      auto* const inverse = pass.take_numbers(C);
      Kernel<BatchNorm, D>::template forward<Mode>(ctx, p, rectified, x, y, mean, inverse, sums...);
    }
  }
  template <class Mode, class T, class In, class D, class A, class DX, class... Sums>
  static void backward_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass,
                               Sums... sums) {
    number_of<T> const* const mean = pass.take_numbers(C);
    number_of<T> const* const inverse = pass.take_numbers(C);
    Kernel<BatchNorm, D>::template backward<Mode>(ctx, p, rectified, x, dy, dx, mean, inverse, sums...);
  }
  template <class T, class In, class A>
  static auto sums_of_runs_through(Params<T, Host>& p, A rectified, Read<T, In, Host> x, Read<T, In, Host> dy, Pass<T> pass, double* sums) {
    number_of<T> const* const mean = pass.take_numbers(C);
    number_of<T> const* const inverse = pass.take_numbers(C);
    return detail::SumsOfRuns<T, In, A>(x, dy, {mean, p.weight.value(), inverse, p.bias.value(), rectified}, sums);
  }
  template <class T, class In, class D, class A, class Y>
  static void again_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Y y, Pass<T> pass) {
    number_of<T> const* const mean = pass.take_numbers(C);
    number_of<T> const* const inverse = pass.take_numbers(C);
    Kernel<BatchNorm, D>::apply(ctx, p, rectified, x, y, mean, inverse);
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
  static constexpr bool in_place = true, recomputes = true;
  template <Rectifier A>
    requires(!A::learns)
  using joined = Activated<GroupNorm, A>;
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Beginning<Param<T, Shape<C>, D>, 100> weight;
    Beginning<Param<T, Shape<C>, D>, 0> bias;
    constexpr void visit(auto&& f, auto const& path) {
      f(path / "weight", weight);
      f(path / "bias", bias);
    }
  };
  template <class T, class In>
  static constexpr std::size_t kept(int batch) {
    return 2 * padded<T>(room_for_numbers<T>(static_cast<std::size_t>(batch) * Groups));
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int) {
    return std::max(kept<T, In>(batch), 2 * padded<T>(room_for_numbers<T>(static_cast<std::size_t>(batch) * C))) * sizeof(T);
  }
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, P pass) {
    forward_through<Mode>(ctx, p, detail::Unchanged{}, x, y, pass);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass) {
    backward_through<Mode>(ctx, p, detail::Unchanged{}, x, dy, dx, pass);
  }
  template <class T, class In, class D, class Y>
  static void again(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, Pass<T> pass) {
    again_through(ctx, p, detail::Unchanged{}, x, y, pass);
  }
  /// The same with a rectifier on the way out.
  template <class Mode, class T, class In, class D, class A, class Y, class P>
  static void forward_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Y y, P pass) {
    auto const n = static_cast<std::size_t>(x.batch()) * Groups;
    if constexpr (std::is_same_v<P, Forget>) {
      Scope const scope(ctx.scratch);
      auto* const mean = ctx.scratch.template take<number_of<T>>(n);
      auto* const inverse = ctx.scratch.template take<number_of<T>>(n);
      Kernel<GroupNorm, D>::forward(ctx, p, rectified, x, y, mean, inverse);
    } else {
      auto* const mean = pass.take_numbers(n);
      auto* const inverse = pass.take_numbers(n);
      Kernel<GroupNorm, D>::forward(ctx, p, rectified, x, y, mean, inverse);
    }
  }
  template <class Mode, class T, class In, class D, class A, class DX>
  static void backward_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass) {
    auto const n = static_cast<std::size_t>(x.batch()) * Groups;
    number_of<T> const* const mean = pass.take_numbers(n);
    number_of<T> const* const inverse = pass.take_numbers(n);
    Kernel<GroupNorm, D>::backward(ctx, p, rectified, x, dy, dx, mean, inverse);
  }
  template <class T, class In, class D, class A, class Y>
  static void again_through(Context<D>& ctx, Params<T, D>& p, A rectified, Read<T, In, D> x, Y y, Pass<T> pass) {
    forward_through<Training>(ctx, p, rectified, x, y, pass);  // a sample's statistics are nearly free: it is in the cache for the rest
  }
};
}  // namespace berl::nn

namespace berl {
template <int C, class Rule>
struct Kernel<nn::BatchNorm<C, Rule>, Host> {
  using Layer = nn::BatchNorm<C, Rule>;
  /// `sums` of moments_of_runs, where they are made already.
  template <class Mode, class T, class In, class Params, class A, class Y>
  static void forward(Context<Host>& ctx, Params& p, A rectified, Read<T, In, Host> x, Y y, T* mean, T* inverse, double* sums = nullptr) {
    using R = nn::detail::Runs<In>;
    if constexpr (std::is_same_v<Mode, Training>) {
      Scope const scope(ctx.scratch);
      bool const made = sums != nullptr;
      if (!made) sums = ctx.scratch.take<double>(Layer::template run_sums<In>(x.batch()));
      nn::detail::MomentsOfRuns<T, In> const moments(x, sums);
      if (!made) parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, moments);
      parallel_for(ctx, C, [&](std::ptrdiff_t c) {
        nn::detail::Moments m;
        for (int n = 0; n < x.batch(); ++n) {
          std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(n) * C + c;
          m.join(R::pixels, moments.means[at], moments.squares[at]);
        }
        nn::detail::finish_statistics<Layer>(m.count, m.mean, m.squares, mean[c], inverse[c], p.running_mean.value()[c],
                                             p.running_var.value()[c]);
      });
    } else {
      for (int c = 0; c < C; ++c) {
        mean[c] = p.running_mean.value()[c];
        inverse[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(p.running_var.value()[c]) + Layer::eps));
      }
    }
    apply<T>(ctx, p, rectified, x, y, mean, inverse);
  }
  /// y, given the statistics.
  template <class T, class In, class Params, class A, class Y>
  static void apply(Context<Host>& ctx, Params& p, A rectified, Read<T, In, Host> x, Y y, T const* mean, T const* inverse) {
    using R = nn::detail::Runs<In>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      std::ptrdiff_t const at = i * R::length;
      nn::detail::NormOfRun<R, A, T> const norm(mean, p.weight.value(), inverse, p.bias.value(), rectified, i % R::blocks * R::block);
      norm.template forward<accumulates<Y>>(x.data() + at, nn::detail::whole_base(y) + at, y.data() + at);
    });
  }
  /// `sums` of sums_of_runs, where they are made already.
  template <class Mode, class T, class In, class Params, class A, class DX>
  static void backward(Context<Host>& ctx, Params& p, A rectified, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, T const* mean,
                       T const* inverse, double* sums = nullptr) {
    using R = nn::detail::Runs<In>;
    using Sums = nn::detail::SumsOfRuns<T, In, A>;
    Scope const scope(ctx.scratch);
    std::ptrdiff_t const runs = static_cast<std::ptrdiff_t>(x.batch()) * R::blocks;
    T* const b = ctx.scratch.take<T>(C);
    T* const d = ctx.scratch.take<T>(C);
    bool const made = sums != nullptr;
    if (!made) sums = ctx.scratch.take<double>(Layer::template run_sums<In>(x.batch()));
    Sums const of_runs(x, dy, {mean, p.weight.value(), inverse, p.bias.value(), rectified}, sums);
    if (!made) parallel_for(ctx, runs, of_runs);
    parallel_for(ctx, C, [&](std::ptrdiff_t c) {
      double sum[Sums::terms] = {};
      for (int n = 0; n < x.batch(); ++n)  // in the samples' order
        for (int s = 0; s < Sums::terms; ++s) sum[s] += of_runs.partial[s][static_cast<std::ptrdiff_t>(n) * C + c];
      nn::detail::finish_gradients<std::is_same_v<Mode, Training>>(static_cast<double>(x.batch()) * R::pixels, sum, p.weight.value()[c],
                                                                   inverse[c], p.weight.gradient()[c], p.bias.gradient()[c], b[c], d[c]);
      if constexpr (A::learns) rectified.gradient[c] += static_cast<T>(sum[2]);
    });
    if constexpr (!skips<DX>)
      parallel_for(ctx, runs, [&](std::ptrdiff_t i) {
        std::ptrdiff_t const at = i * R::length, c = i % R::blocks * R::block;
        of_runs.norm.of(c).template backward<accumulates<DX>>(x.data() + at, dy.data() + at, b + c, d + c, nn::detail::whole_base(dx) + at,
                                                              dx.data() + at);
      });
  }
};

template <int G, int C>
struct Kernel<nn::GroupNorm<G, C>, Host> {
  using Layer = nn::GroupNorm<G, C>;
  static constexpr int inside = C / G;
  template <class T, class In, class Params, class A, class Y>
  static void forward(Context<Host>& ctx, Params& p, A rectified, Read<T, In, Host> x, Y y, T* mean, T* inverse) {
    using R = nn::detail::Runs<In>;
    parallel_for(ctx, x.batch(), [&](std::ptrdiff_t n) {
      double means[C], squares[C];
      T centre[C], scale[C];
      for (int i = 0; i < R::blocks; ++i)
        nn::detail::moments_of_run<R>(x.data() + n * In::size + i * R::length, means + i * R::block, squares + i * R::block);
      for (int g = 0; g < G; ++g) {
        nn::detail::Moments m;
        for (int c = g * inside; c < (g + 1) * inside; ++c) m.join(R::pixels, means[c], squares[c]);
        mean[n * G + g] = static_cast<T>(m.mean);
        inverse[n * G + g] = static_cast<T>(1 / std::sqrt(m.squares / m.count + Layer::eps));
        for (int c = g * inside; c < (g + 1) * inside; ++c) {
          centre[c] = mean[n * G + g];
          scale[c] = p.weight.value()[c] * inverse[n * G + g];
        }
      }
      for (int i = 0; i < R::blocks; ++i) {
        std::ptrdiff_t const at = n * In::size + i * R::length;
        nn::detail::NormOfRun<R, A, T> const norm(centre, scale, p.bias.value(), rectified, i * R::block);
        norm.template forward<accumulates<Y>>(x.data() + at, nn::detail::whole_base(y) + at, y.data() + at);
      }
    });
  }
  template <class T, class In, class Params, class A, class DX>
  static void backward(Context<Host>& ctx, Params& p, A rectified, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, T const* mean,
                       T const* inverse) {
    using R = nn::detail::Runs<In>;
    Scope const scope(ctx.scratch);
    T* const dbias = ctx.scratch.take<T>(static_cast<std::size_t>(x.batch()) * C);
    T* const dweight = ctx.scratch.take<T>(static_cast<std::size_t>(x.batch()) * C);
    parallel_for(ctx, x.batch(), [&](std::ptrdiff_t n) {
      double sum[C], product[C];
      T centre[C], scale[C], b[C], d[C];
      for (int c = 0; c < C; ++c) {
        centre[c] = mean[n * G + c / inside];
        scale[c] = p.weight.value()[c] * inverse[n * G + c / inside];
      }
      auto const norm = [&](int i) { return nn::detail::NormOfRun<R, A, T>(centre, scale, p.bias.value(), rectified, i * R::block); };
      for (int i = 0; i < R::blocks; ++i) {
        std::ptrdiff_t const at = n * In::size + i * R::length;
        double sums[2][R::block] = {};
        norm(i).sum(x.data() + at, dy.data() + at, sums);
        std::copy_n(sums[0], R::block, sum + i * R::block);
        std::copy_n(sums[1], R::block, product + i * R::block);
      }
      for (int g = 0; g < G; ++g) {
        double const inv = static_cast<double>(inverse[n * G + g]), count = static_cast<double>(inside) * R::pixels;
        double total = 0, total_product = 0;  // of weight dy
        for (int c = g * inside; c < (g + 1) * inside; ++c) {
          double const weight = static_cast<double>(p.weight.value()[c]);
          dbias[n * C + c] = static_cast<T>(sum[c]);
          dweight[n * C + c] = static_cast<T>(product[c] * inv);
          total += weight * sum[c];
          total_product += weight * product[c];
        }
        for (int c = g * inside; c < (g + 1) * inside; ++c) {
          b[c] = static_cast<T>(-inv * inv * inv * total_product / count);
          d[c] = static_cast<T>(-inv * total / count);
        }
      }
      if constexpr (!skips<DX>)
        for (int i = 0; i < R::blocks; ++i) {
          std::ptrdiff_t const at = n * In::size + i * R::length, c = i * R::block;
          norm(i).template backward<accumulates<DX>>(x.data() + at, dy.data() + at, b + c, d + c, nn::detail::whole_base(dx) + at,
                                                     dx.data() + at);
        }
    });
    for (int n = 0; n < x.batch(); ++n)  // in the samples' order
      for (int c = 0; c < C; ++c) {
        p.bias.gradient()[c] += dbias[n * C + c];
        p.weight.gradient()[c] += dweight[n * C + c];
      }
  }
};
}  // namespace berl
