#pragma once
#include <berl/cuda/elements.hpp>  // update_elements
#include <berl/optim/adam.hpp>     // Adam

/// One kernel for a block. It has this step's rate among its arguments, so it stands behind the CUDA graph of a step, not in it.
template <>
struct berl::Kernel<berl::optim::Adam, berl::Cuda> {
  template <class T>
  static void step(Context<Cuda>& ctx, optim::Adam::Now<T> const& now, std::size_t n, T* xs, T const* dxs, T* ms, T* vs) {
    gpu::update_elements<T>(ctx, "berl::optim::Adam", now, n, xs, dxs, ms, vs);
  }
};
