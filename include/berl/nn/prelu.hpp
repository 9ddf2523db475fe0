#pragma once
#include <berl/core/check.hpp>    // check::Channels
#include <berl/nn/activated.hpp>  // RectifiedBy
#include <berl/nn/pointwise.hpp>  // Layer, whole_base
#include <berl/nn/runs.hpp>       // Runs

#include <algorithm>  // copy_n

namespace berl::nn {
namespace point {
/// max(x, 0) + weight min(x, 0); at 0 the slope is that of the negative side.
struct PReLU {
  template <class T>
  static BERL_FN constexpr T value(T x, T weight) {
    return x > 0 ? x : weight * x;
  }
  template <class T>
  static BERL_FN constexpr T pull(T x, T weight, T dy) {
    return x > 0 ? dy : weight * dy;
  }
  template <class T>
  static BERL_FN constexpr T learnt(T x, T dy) {
    return x > 0 ? T(0) : x * dy;
  }
};
}  // namespace point

/// Rectifier with one learnt slope per channel (he2015, Eq. 1).
///   y = x > 0 ? x : weight[c] x;  dx = x > 0 ? dy : weight[c] dy;  dweight[c] += sum of x dy where x <= 0
///   shapes  x, y, dx, dy: (N, C, H, W) or (N, C); weight, dweight: (C); the sum runs over n, h, w
///   keeps   x
///   errors  check::Channels, when the input does not have C channels
template <int C>
struct PReLU : Layer {
  static_assert(C > 0, "berl::nn::PReLU<C>: C, the number of channels, must be positive.");
  static constexpr bool in_place = true, rectifies = true, learns = true, recomputes = true;
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Beginning<Param<T, Shape<C>, D>, 25> weight;  // he2015
    constexpr void visit(auto&& f, auto const& path) { f(path / "weight", weight); }
  };
  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int) {
    return padded<double>(static_cast<std::size_t>(batch) * C) * sizeof(double);
  }
  template <class T, class P>
  static detail::RectifiedBy<point::PReLU, number_of<T>> rectified(P& p) {
    return {p.weight.value(), p.weight.gradient()};
  }
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, P) {
    Kernel<PReLU, D>::forward(ctx, rectified<T>(p), x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T>) {
    Kernel<PReLU, D>::backward(ctx, rectified<T>(p), x, dy, dx);
  }
  template <class T, class In, class D, class Y>
  static void again(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Y y, Pass<T>) {
    Kernel<PReLU, D>::forward(ctx, rectified<T>(p), x, y);
  }
};
}  // namespace berl::nn

namespace berl {
template <int C>
struct Kernel<nn::PReLU<C>, Host> {
  template <class T>
  using Rectified = nn::detail::RectifiedBy<nn::point::PReLU, T>;
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, Rectified<T> rectified, Read<T, In, Host> x, Y y) {
    using R = nn::detail::Runs<In>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      auto const run = rectified.template of<R::block, nn::detail::run_lanes>(i % R::blocks * R::block);
      T const* const xs = x.data() + i * R::length;
      nn::detail::map_run<accumulates<Y>>(R::length, nn::detail::whole_base(y) + i * R::length, y.data() + i * R::length,
                                          [&](int j, int k) { return run.value(xs[j], k); });
    });
  }
  template <class T, class In, class DX>
  static void backward(Context<Host>& ctx, Rectified<T> rectified, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx) {
    using R = nn::detail::Runs<In>;
    Scope const scope(ctx.scratch);
    double* const partial = ctx.scratch.take<double>(static_cast<std::size_t>(x.batch()) * C);
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * R::blocks, [&](std::ptrdiff_t i) {
      auto const run = rectified.template of<R::block, nn::detail::run_lanes>(i % R::blocks * R::block);
      T const* const xs = x.data() + i * R::length;
      T const* const dys = dy.data() + i * R::length;
      T* dxs = nullptr;
      T const* base = nullptr;
      if constexpr (!skips<DX>) dxs = dx.data() + i * R::length, base = nn::detail::whole_base(dx) + i * R::length;
      double sums[1][R::block] = {};
      nn::detail::sum_run<T, R::block, R::length>(
          [&](int j, int k, T& learnt) {
            learnt = run.learnt(xs[j], dys[j]);
            T const v = run.pull(xs[j], dys[j], k);
            if constexpr (accumulates<DX>)
              dxs[j] = base[j] + v;
            else if constexpr (!skips<DX>)
              dxs[j] = v;
          },
          sums);
      std::copy_n(sums[0], R::block, partial + i * R::block);
    });
    nn::detail::add_samples(x.batch(), C, partial, rectified.gradient);
  }
};
}  // namespace berl
