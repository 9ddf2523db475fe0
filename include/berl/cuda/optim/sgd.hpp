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
/// The same for one number of the rows that are named.
template <class T>
struct SgdRowStep {
  SgdStep<T> step;
  int const* rows;
  std::size_t width;
  T* xs;
  T const* dxs;
  T* bs;
  BERL_FN void operator()(std::size_t i) const {
    std::size_t const at = static_cast<std::size_t>(rows[i / width]) * width + i % width;
    step(xs[at], dxs[at], bs[at]);
  }
};
}  // namespace berl::gpu

/// One kernel for a block, or for rows. It has this step's rate among its arguments, so it stands behind the CUDA graph of a step, not in
/// it.
template <>
struct berl::Kernel<berl::optim::Sgd, berl::Cuda> {
  template <class T>
  static void step(Context<Cuda>& ctx, optim::Sgd::Now<T> const& now, bool first_step, std::size_t n, T* xs, T const* dxs, T* bs) {
    gpu::update_elements<T>(ctx, "berl::optim::Sgd", gpu::SgdStep<T>{now, first_step}, n, xs, dxs, bs);
  }
  template <class T>
  static void step_rows(Context<Cuda>& ctx, optim::Sgd::Now<T> const& now, bool first_step, std::span<int const> rows, std::size_t width,
                        T* xs, T const* dxs, T* bs) {
    gpu::each(ctx, "berl::optim::Sgd", rows.size() * width, gpu::SgdRowStep<T>{{now, first_step}, rows.data(), width, xs, dxs, bs});
  }
};
