#pragma once
#include <berl/core/check.hpp>    // check::Channels
#include <berl/nn/pointwise.hpp>  // Layer, whole_base

namespace berl::nn {
/// Rectifier with one learnt slope per channel (he2015, Eq. 1).
///   y = x > 0 ? x : weight[c] x;  dx = x > 0 ? dy : weight[c] dy;  dweight[c] += sum of x dy where x <= 0
///   shapes  x, y, dx, dy: (N, C, H, W) or (N, C); weight, dweight: (C); the sum runs over n, h, w
///   keeps   x
///   errors  check::Channels, when the input does not have C channels
template <int C>
struct PReLU : Layer {
  static_assert(C > 0, "berl::nn::PReLU<C>: C, the number of channels, must be positive.");
  template <class In>
  using output = typename check::Channels<In, C>::type;
  template <class T, class D>
  struct Params {
    Param<T, Shape<C>, D> weight;
    constexpr void visit(auto&& f, auto const& path) { f(path / "weight", weight); }
  };
  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D> const& p, Read<T, In, D> x, Y y, P) {
    Kernel<PReLU, D>::forward(ctx, p.weight.value(), x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T>) {
    Kernel<PReLU, D>::backward(ctx, p.weight.value(), p.weight.gradient(), x, dy, dx);
  }
};
}  // namespace berl::nn

namespace berl {
template <int C>
struct Kernel<nn::PReLU<C>, Host> {
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, T const* weight, Read<T, In, Host> x, Y y) {
    constexpr int P = plane<In>;
    parallel_for(ctx, static_cast<std::ptrdiff_t>(x.batch()) * C, [&](std::ptrdiff_t i) {
      T const slope = weight[i % C];
      T const* const xs = x.data() + i * P;
      T const* const base = nn::detail::whole_base(y) + i * P;
      T* const ys = y.data() + i * P;
      for (int p = 0; p < P; ++p) {
        T const value = xs[p] > 0 ? xs[p] : slope * xs[p];
        if constexpr (accumulates<Y>)
          ys[p] = base[p] + value;
        else
          ys[p] = value;
      }
    });
  }
  template <class T, class In, class DX>
  static void backward(Context<Host>& ctx, T const* weight, T* dweight, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx) {
    constexpr int P = plane<In>, prelu_lanes = 32;
    parallel_for(ctx, C, [&](std::ptrdiff_t c) {
      T const slope = weight[c];
      double sum = 0;
      for (int n = 0; n < x.batch(); ++n) {
        std::ptrdiff_t const at = (static_cast<std::ptrdiff_t>(n) * C + c) * P;
        T const* const xs = x.data() + at;
        T const* const dys = dy.data() + at;
        T const* base = nullptr;
        T* dxs = nullptr;
        if constexpr (!skips<DX>) {
          base = nn::detail::whole_base(dx) + at;
          dxs = dx.data() + at;
        }
        T sums[prelu_lanes] = {};
        auto const block = [&](int first, int count) {
          T out[prelu_lanes];
          for (int k = 0; k < count; ++k) {
            T const xk = xs[first + k], d = dys[first + k];
            sums[k] += xk > 0 ? T(0) : xk * d;
            out[k] = xk > 0 ? d : slope * d;
          }
          if constexpr (!skips<DX>) {
            for (int k = 0; k < count; ++k) {
              if constexpr (accumulates<DX>)
                dxs[first + k] = base[first + k] + out[k];
              else
                dxs[first + k] = out[k];
            }
          }
        };
        int p = 0;
        for (; p + prelu_lanes <= P; p += prelu_lanes) block(p, prelu_lanes);
        if (p < P) block(p, P - p);
        for (T s : sums) sum += static_cast<double>(s);
      }
      dweight[c] += static_cast<T>(sum);
    });
  }
};
}  // namespace berl
