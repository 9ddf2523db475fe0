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

  /// What a step has in common for all numbers of a block.
  template <class T>
  struct Now {
    T kept, rate, decay;
    BERL_FN constexpr void operator()(T& x, T dx, T& b) const {
      b = kept * b + (dx + decay * x);
      x -= rate * b;
    }
  };

  /// One number; rate and decay as set above.
  template <class T>
  BERL_FN constexpr void step(T& x, T dx, T& b, long k) const {
    Now<T>{k == 1 ? T(0) : static_cast<T>(momentum), static_cast<T>(rate), static_cast<T>(weight_decay)}(x, dx, b);
  }

  /// One contiguous block. Parameters that do not decay (weight and bias of batch norms) stand in a block of their own.
  template <class D, class T>
  void step(Context<D>& ctx, std::span<T> parameters, std::span<T const> gradients, std::span<T> b, double rate_now, double decay,
            long k) const {
    if (gradients.size() != parameters.size() || b.size() != parameters.size())
      throw std::logic_error("berl::optim::Sgd: parameters, gradients and momentum must be equally long.");
    Now<T> const now{static_cast<T>(momentum), static_cast<T>(rate_now), static_cast<T>(decay)};
    Kernel<Sgd, D>::step(ctx, now, k == 1, parameters.size(), parameters.data(), gradients.data(), b.data());
  }
  /// Of rows of `width` numbers those that are named, each once: the others neither move nor decay, and keep their momentum.
  template <class D, class T>
  void step_rows(Context<D>& ctx, std::span<int const> rows, std::size_t width, T* parameters, T const* gradients, T* b, double rate_now,
                 double decay, long k) const {
    Now<T> const now{static_cast<T>(momentum), static_cast<T>(rate_now), static_cast<T>(decay)};
    Kernel<Sgd, D>::step_rows(ctx, now, k == 1, rows, width, parameters, gradients, b);
  }
};
}  // namespace berl::optim

namespace berl {
template <>
struct Kernel<optim::Sgd, Host> {
  template <class T>
  static void step(Context<Host>& ctx, optim::Sgd::Now<T> const& now, bool first_step, std::size_t n, T* xs, T const* dxs, T* bs) {
    optim::for_blocks(ctx, n, [=](std::size_t first, std::size_t last) {
      if (first_step)
        for (std::size_t i = first; i < last; ++i) bs[i] = T(0);
#if defined(_OPENMP)
#pragma omp simd
#endif
      for (std::size_t i = first; i < last; ++i) now(xs[i], dxs[i], bs[i]);
    });
  }
  template <class T>
  static void step_rows(Context<Host>& ctx, optim::Sgd::Now<T> const& now, bool first_step, std::span<int const> rows, std::size_t width,
                        T* xs, T const* dxs, T* bs) {
    parallel_for(ctx, static_cast<std::ptrdiff_t>(rows.size()), [=](std::ptrdiff_t k) {
      Context<Host> one;
      std::size_t const at = static_cast<std::size_t>(rows[static_cast<std::size_t>(k)]) * width;
      step(one, now, first_step, width, xs + at, dxs + at, bs + at);
    });
  }
};
}  // namespace berl
