#pragma once
#include <berl/cuda/nn/map.hpp>  // map
#include <berl/nn/stored.hpp>    // Conversion

namespace berl::gpu {
/// v, as it is to be stored.
struct Same {
  template <class T>
  BERL_FN T operator()(std::size_t, T v) const {
    return v;
  }
};
/// A block's operands: its values, each rounded to T.
template <class T>
void round_block(Context<Cuda>& ctx, number_of<T> const* values, T* operands, std::size_t n) {
  map(ctx, "berl::nn::Param", Same{}, Write<T, Shape<1>, Cuda>(operands, static_cast<int>(n)), values);
}
}  // namespace berl::gpu

template <>
struct berl::Kernel<berl::nn::Conversion, berl::Cuda> {
  template <class From, class S, class To>
  static void run(Context<Cuda>& ctx, Read<From, S, Cuda> from, To to) {
    gpu::map(ctx, "berl::nn::Conversion", gpu::Same{}, to, from.data());
  }
};
