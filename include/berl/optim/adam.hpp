#pragma once
#include <berl/core/config.hpp>   // BERL_FN
#include <berl/core/device.hpp>   // Context
#include <berl/optim/blocks.hpp>  // for_blocks

#include <cmath>  // pow, sqrt
#include <span>
#include <stdexcept>  // logic_error

namespace berl::optim {
/// Adam (kingma2015, Algorithm 1), in PyTorch's form: weight decay is part of the gradient, and epsilon stands outside the root.
///   g = dx + decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   x -= rate / (1 - beta1^k) m / (sqrt(v) / sqrt(1 - beta2^k) + epsilon),  k = 1, 2, ...
/// m and v start at zero.
struct Adam {
  double rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;

  static constexpr int moments = 2;  ///< numbers kept for each parameter

  /// What step k has in common for all numbers, computed in double.
  template <class T>
  struct Now {
    T beta1, rest1, beta2, rest2, scaled_rate, root, epsilon, decay;

    BERL_FN constexpr void moments_of(T x, T dx, T& m, T& v) const {
      T const g = dx + decay * x;
      m = beta1 * m + rest1 * g;
      v = beta2 * v + rest2 * g * g;
    }
    BERL_FN constexpr void move(T& x, T m, T root_of_v) const { x -= scaled_rate * m / (root_of_v / root + epsilon); }
    BERL_FN void operator()(T& x, T dx, T& m, T& v) const {
      moments_of(x, dx, m, v);
      move(x, m, std::sqrt(v));
    }
  };

  /// One number; rate and decay as set above.
  template <class T>
  BERL_FN void step(T& x, T dx, T& m, T& v, int k) const {
    at<T>(rate, weight_decay, k)(x, dx, m, v);
  }

  /// One contiguous block. Parameters that do not decay (weight and bias of norms) stand in a block of their own.
  template <class D, class T>
  void step(Context<D>& ctx, std::span<T> parameters, std::span<T const> gradients, std::span<T> m, std::span<T> v, double rate_now,
            double decay, long k) const {
    if (gradients.size() != parameters.size() || m.size() != parameters.size() || v.size() != parameters.size())
      throw std::logic_error("berl::optim::Adam: parameters, gradients and both moments must be equally long.");
    Kernel<Adam, D>::step(ctx, at<T>(rate_now, decay, k), parameters.size(), parameters.data(), gradients.data(), m.data(), v.data());
  }

 private:
  template <class T>
  BERL_FN Now<T> at(double rate_now, double decay_now, long k) const {
    double const c1 = 1 - std::pow(beta1, static_cast<double>(k));
    double const c2 = 1 - std::pow(beta2, static_cast<double>(k));
    return {static_cast<T>(beta1),         static_cast<T>(1 - beta1),     static_cast<T>(beta2),   static_cast<T>(1 - beta2),
            static_cast<T>(rate_now / c1), static_cast<T>(std::sqrt(c2)), static_cast<T>(epsilon), static_cast<T>(decay_now)};
  }
};
}  // namespace berl::optim

namespace berl {
template <>
struct Kernel<optim::Adam, Host> {
  template <class T>
  static void step(Context<Host>& ctx, optim::Adam::Now<T> const& now, std::size_t size, T* xs, T const* dxs, T* ms, T* vs) {
    optim::for_blocks(ctx, size, [=](std::size_t first, std::size_t last) {
      T root[optim::block_size];  // roots have a loop of their own: for errno's sake they do not vectorise, and the rest does
      std::size_t const n = last - first;
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = 0; i < n; ++i) now.moments_of(xs[first + i], dxs[first + i], ms[first + i], vs[first + i]);
      for (std::size_t i = 0; i < n; ++i) root[i] = std::sqrt(vs[first + i]);
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = 0; i < n; ++i) now.move(xs[first + i], ms[first + i], root[i]);
    });
  }
};
}  // namespace berl
