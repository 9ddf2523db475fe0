#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/shape.hpp>   // width, Cuda
#include <berl/core/view.hpp>    // Read, put

#include <cmath>  // NAN
#include <cstddef>

/// What a training step does to single numbers, beside layers, imaging, losses and optimisers.
namespace berl::train::detail {
template <class S, class T, class V>
struct MirrorOf {
  Read<T, S, Cuda> from;
  V to;
  BERL_FN void operator()(std::size_t i) const {
    constexpr int W = width<S>;
    std::size_t const u = i % W;
    put<V>(to.data()[i], from.data()[i - u + (W - 1 - u)]);
  }
};
struct Product {
  template <class T>
  BERL_FN T operator()(std::size_t, T a, T b) const {
    return a * b;
  }
};
struct Sum {
  template <class T>
  BERL_FN T operator()(std::size_t, T a, T b) const {
    return a + b;
  }
};
template <class T>
struct Scale {
  T factor;
  BERL_FN void operator()(T& x) const { x *= factor; }
};
/// Whichever thread finds one, it stores the same.
template <class T>
struct Spoil {
  T const* x;
  double* number;
  BERL_FN void operator()(std::size_t i) const {
    if (!(x[i] - x[i] == T(0))) *number = static_cast<double>(NAN);
  }
};
}  // namespace berl::train::detail
