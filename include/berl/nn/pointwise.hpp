#pragma once
#include <berl/core/threads.hpp>     // parallel_for
#include <berl/expr/elementary.hpp>  // tanh, sigmoid, softplus
#include <berl/nn/activated.hpp>     // Rectified
#include <berl/nn/layer.hpp>         // Layer

namespace berl::nn {
namespace detail {
/// Calls body(first, last) for equal pieces of n elements.
template <class Body>
void for_pieces(Context<Host> const& ctx, std::size_t n, Body const& body) {
  constexpr std::size_t piece = 16 * 1024;
  parallel_for(ctx, static_cast<std::ptrdiff_t>((n + piece - 1) / piece), [&](std::ptrdiff_t i) {
    std::size_t const first = static_cast<std::size_t>(i) * piece;
    body(first, first + piece < n ? first + piece : n);
  });
}
/// What a batch is added to before it is stored.
template <class V>
BERL_FN constexpr typename V::element const* whole_base(V const& view) {
  if constexpr (onto<V>)
    return view.base.data();
  else
    return view.data();
}
}  // namespace detail

template <class F>
struct Pointwise;
}  // namespace berl::nn

namespace berl {
template <class F>
struct Kernel<nn::Pointwise<F>, Host> {
  template <class T, class In, class Y>
  static void forward(Context<Host>& ctx, Read<T, In, Host> x, Y y) {
    nn::detail::for_pieces(ctx, x.size(), [&](std::size_t first, std::size_t last) {
      T const* const xs = x.data();
      T const* const base = nn::detail::whole_base(y);
      T* const ys = y.data();
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = first; i < last; ++i)
        if constexpr (accumulates<Y>)
          ys[i] = base[i] + F::value(xs[i]);
        else
          ys[i] = F::value(xs[i]);
    });
  }
  template <class T, class In, class DX>
  static void backward(Context<Host>& ctx, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx) {
    if constexpr (!skips<DX>)
      nn::detail::for_pieces(ctx, x.size(), [&](std::size_t first, std::size_t last) {
        T const* const xs = x.data();
        T const* const dys = dy.data();
        T const* const base = nn::detail::whole_base(dx);
        T* const dxs = dx.data();
#if defined(_OPENMP)
#pragma omp simd
#endif
        for (std::size_t i = first; i < last; ++i)
          if constexpr (accumulates<DX>)
            dxs[i] = base[i] + dys[i] * F::slope(xs[i]);
          else
            dxs[i] = dys[i] * F::slope(xs[i]);
      });
  }
};
}  // namespace berl

namespace berl::nn {
/// A layer that maps each element by itself. F has value(x) and slope(x), for host and device alike; `rectifies`, if it is so
/// simple that computing it again costs less than keeping its input.
///   y = F(x);  dx = dy F'(x)
///   shapes  y has x's, which may be any
///   keeps   x
template <class F>
struct Pointwise : Layer {
  static constexpr bool in_place = true;
  static constexpr bool rectifies = requires { F::rectifies; };
  static constexpr bool learns = false, recomputes = rectifies;
  template <class In>
  using output = In;
  template <class T, class Params>
  static detail::Rectified<F> rectified(Params const&) {
    return {};
  }
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P) {
    Kernel<Pointwise, D>::forward(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T>) {
    Kernel<Pointwise, D>::backward(ctx, x, dy, dx);
  }
  template <class T, class In, class D, class Params, class Y>
  static void again(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, Pass<T>) {
    Kernel<Pointwise, D>::forward(ctx, x, y);
  }
};

namespace point {
/// max(x, 0); the slope at 0 is 0. What is not a number stays none.
struct ReLU {
  static constexpr bool rectifies = true;
  template <class T>
  static BERL_FN constexpr T value(T x) {
    return x < 0 ? T(0) : x;
  }
  template <class T>
  static BERL_FN constexpr T slope(T x) {
    return x > 0 ? T(1) : T(0);
  }
};
/// x, or a fifth of it where it is negative (Percent = 20); at 0 the slope is that of the negative side.
template <int Percent>
struct LeakyReLU {
  static constexpr bool rectifies = true;
  template <class T>
  static BERL_FN constexpr T value(T x) {
    return x > 0 ? x : static_cast<T>(Percent / 100.0) * x;
  }
  template <class T>
  static BERL_FN constexpr T slope(T x) {
    return x > 0 ? T(1) : static_cast<T>(Percent / 100.0);
  }
};
/// tanh x; slope 1 - tanh^2 x
struct Tanh {
  template <class T>
  static BERL_FN T value(T x) {
    return expr::elementary::tanh(x);
  }
  template <class T>
  static BERL_FN T slope(T x) {
    T const y = value(x);
    return 1 - y * y;
  }
};
/// 1 / (1 + exp(-x))
struct Sigmoid {
  template <class T>
  static BERL_FN T value(T x) {
    return expr::elementary::sigmoid(x);
  }
  template <class T>
  static BERL_FN T slope(T x) {
    T const y = value(x);
    return y * (1 - y);
  }
};
/// log(1 + exp(x)), which is x itself above 20
struct Softplus {
  template <class T>
  static BERL_FN T value(T x) {
    return expr::elementary::softplus(x);
  }
  template <class T>
  static BERL_FN T slope(T x) {
    return expr::elementary::select(x > 20, T(1), Sigmoid::value(x));
  }
};
}  // namespace point

struct ReLU : Pointwise<point::ReLU> {};
template <int Percent = 20>
struct LeakyReLU : Pointwise<point::LeakyReLU<Percent>> {};
struct Tanh : Pointwise<point::Tanh> {};
struct Sigmoid : Pointwise<point::Sigmoid> {};
struct Softplus : Pointwise<point::Softplus> {};
}  // namespace berl::nn
