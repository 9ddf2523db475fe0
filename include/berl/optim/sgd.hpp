#pragma once
#include <berl/core/config.hpp>   // BERL_FN
#include <berl/core/device.hpp>   // Context
#include <berl/optim/blocks.hpp>  // for_blocks

#include <span>
#include <stdexcept>  // logic_error

namespace berl::optim {
/// Gradient descent with momentum, in PyTorch's form (no dampening, not Nesterov's).
///   g = dx + decay x;  b = k == 1 ? g : momentum b + g;  x -= rate b
/// The first step, k = 1, does not read b.
struct Sgd {
  double rate = 0.1;
  double momentum = 0.9;
  double weight_decay = 5e-4;

  static constexpr int moments = 1;  ///< numbers kept for each parameter

  /// One number; rate and decay as set above.
  template <class T>
  BERL_FN constexpr void step(T& x, T dx, T& b, long k) const {
    element(x, dx, b, k == 1 ? T(0) : static_cast<T>(momentum), static_cast<T>(rate), static_cast<T>(weight_decay));
  }

  /// One contiguous block. Parameters that do not decay (weight and bias of batch norms) stand in a block of their own.
  template <class T>
  void step(Context<Host>& ctx, std::span<T> parameters, std::span<T const> gradients, std::span<T> b, double rate_now, double decay,
            long k) const {
    if (gradients.size() != parameters.size() || b.size() != parameters.size())
      throw std::logic_error("berl::optim::Sgd: parameters, gradients and momentum must be equally long.");
    T* const xs = parameters.data();
    T const* const dxs = gradients.data();
    T* const bs = b.data();
    T const kept = static_cast<T>(momentum), lr = static_cast<T>(rate_now), wd = static_cast<T>(decay);
    for_blocks(ctx, parameters.size(), [=](std::size_t first, std::size_t last) {
      if (k == 1)
        for (std::size_t i = first; i < last; ++i) bs[i] = T(0);
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = first; i < last; ++i) element(xs[i], dxs[i], bs[i], kept, lr, wd);
    });
  }

 private:
  template <class T>
  BERL_FN static constexpr void element(T& x, T dx, T& b, T kept, T lr, T wd) {
    b = kept * b + (dx + wd * x);
    x -= lr * b;
  }
};
}  // namespace berl::optim
