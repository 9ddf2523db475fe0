#pragma once
#include <berl/cuda/elements.hpp>  // update_elements
#include <berl/optim/sgd.hpp>      // Sgd

namespace berl::gpu {
/// A number's step; the first does not read b.
template <class T>
struct SgdStep {
  optim::Sgd::Now<T> now;
  bool first;
  BERL_FN void operator()(T& x, T dx, T& b) const {
    if (first) b = T(0);
    now(x, dx, b);
  }
};
}  // namespace berl::gpu

/// One kernel for a block. It has this step's rate among its arguments, so it stands behind the CUDA graph of a step, not in it.
template <>
struct berl::Kernel<berl::optim::Sgd, berl::Cuda> {
  template <class T>
  static void step(Context<Cuda>& ctx, optim::Sgd::Now<T> const& now, bool first_step, std::size_t n, T* xs, T const* dxs, T* bs) {
    gpu::update_elements<T>(ctx, "berl::optim::Sgd", gpu::SgdStep<T>{now, first_step}, n, xs, dxs, bs);
  }
};
