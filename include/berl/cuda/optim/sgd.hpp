#pragma once
#include <berl/cuda/optim/packs.hpp>  // step_packs
#include <berl/optim/sgd.hpp>         // Sgd

namespace berl::optim::detail {
/// The first step does not read b.
template <class T>
struct SgdOf {
  Sgd::Now<T> now;
  bool is_first;
  BERL_FN void operator()(T& x, T dx, T& b) const {
    if (is_first) b = T(0);
    now.move(x, dx, b);
  }
};
}  // namespace berl::optim::detail

template <>
struct berl::Kernel<berl::optim::Sgd, berl::Cuda> {
  template <class T>
  static void step(Context<Cuda>& ctx, optim::Sgd::Now<T> const& now, std::size_t n, T* xs, T const* dxs, T* bs, bool is_first) {
    optim::detail::step_packs(ctx, "berl::optim::Sgd", optim::detail::SgdOf<T>{now, is_first}, n, xs, dxs, bs);
  }
};
