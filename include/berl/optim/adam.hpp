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

  /// One number; rate and decay as set above.
  template <class T>
  BERL_FN void step(T& x, T dx, T& m, T& v, int k) const {
    Now<T> const now = at<T>(rate, weight_decay, k);
    moments_of(x, dx, m, v, now);
    move(x, m, std::sqrt(v), now);
  }

  /// One contiguous block. Parameters that do not decay (weight and bias of norms) stand in a block of their own.
  template <class T>
  void step(Context<Host>& ctx, std::span<T> parameters, std::span<T const> gradients, std::span<T> m, std::span<T> v, double rate_now,
            double decay, long k) const {
    if (gradients.size() != parameters.size() || m.size() != parameters.size() || v.size() != parameters.size())
      throw std::logic_error("berl::optim::Adam: parameters, gradients and both moments must be equally long.");
    T* const xs = parameters.data();
    T const* const dxs = gradients.data();
    T* const ms = m.data();
    T* const vs = v.data();
    Now<T> const now = at<T>(rate_now, decay, k);
    for_blocks(ctx, parameters.size(), [=](std::size_t first, std::size_t last) {
      T root[block_size];  // roots have a loop of their own: for errno's sake they do not vectorise, and the rest does
      std::size_t const n = last - first;
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = 0; i < n; ++i) moments_of(xs[first + i], dxs[first + i], ms[first + i], vs[first + i], now);
      for (std::size_t i = 0; i < n; ++i) root[i] = std::sqrt(vs[first + i]);
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = 0; i < n; ++i) move(xs[first + i], ms[first + i], root[i], now);
    });
  }

 private:
  /// What step k has in common for all numbers, computed in double.
  template <class T>
  struct Now {
    T beta1, rest1, beta2, rest2, scaled_rate, root, epsilon, decay;
  };
  template <class T>
  BERL_FN Now<T> at(double rate_now, double decay_now, long k) const {
    double const c1 = 1 - std::pow(beta1, static_cast<double>(k));
    double const c2 = 1 - std::pow(beta2, static_cast<double>(k));
    return {static_cast<T>(beta1),         static_cast<T>(1 - beta1),     static_cast<T>(beta2),   static_cast<T>(1 - beta2),
            static_cast<T>(rate_now / c1), static_cast<T>(std::sqrt(c2)), static_cast<T>(epsilon), static_cast<T>(decay_now)};
  }
  template <class T>
  BERL_FN static constexpr void moments_of(T x, T dx, T& m, T& v, Now<T> const& now) {
    T const g = dx + now.decay * x;
    m = now.beta1 * m + now.rest1 * g;
    v = now.beta2 * v + now.rest2 * g * g;
  }
  template <class T>
  BERL_FN static constexpr void move(T& x, T m, T root, Now<T> const& now) {
    x -= now.scaled_rate * m / (root / now.root + now.epsilon);
  }
};
}  // namespace berl::optim
