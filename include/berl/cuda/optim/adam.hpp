#pragma once
#include <berl/cuda/optim/packs.hpp>  // step_packs
#include <berl/optim/adam.hpp>        // Adam

namespace berl::optim::detail {
template <class T>
struct AdamOf {
  Adam::Now<T> now;
  BERL_FN void operator()(T& x, T dx, T& m, T& v) const {
    now.moments(x, dx, m, v);
    now.move(x, m, std::sqrt(v));
  }
};
}  // namespace berl::optim::detail

template <>
struct berl::Kernel<berl::optim::Adam, berl::Cuda> {
  template <class T>
  static void step(Context<Cuda>& ctx, optim::Adam::Now<T> const& now, std::size_t n, T* xs, T const* dxs, T* ms, T* vs) {
    optim::detail::step_packs(ctx, "berl::optim::Adam", optim::detail::AdamOf<T>{now}, n, xs, dxs, ms, vs);
  }
};
