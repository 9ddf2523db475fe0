#pragma once
#include <berl/cuda/context.hpp>  // Context<Cuda>
#include <berl/nn/sizes.hpp>      // scratch_of

namespace berl::gpu {
/// What a layer needs before its first step on the GPU: bytes<P>(ctx, batch) of scratch, for an input In and passes P; there a layer that
/// libraries compute asks them for its algorithms. By default it is what the layer says for the host.
template <class L, class T, class In>
struct Planned {
  template <class P>
  static std::size_t bytes(Context<Cuda>&, int batch) {
    return L::template scratch<T, In>(batch, 1);
  }
};

/// Plans a network for a batch, and returns the bytes of ctx.scratch that forward or backward takes at the most; with P = Forget, for
/// forward alone. Several networks and batches may be planned in one context.
///   errors  Error, where a library has no algorithm
template <class L, class T, class In, class P = Pass<T>>
std::size_t plan(Context<Cuda>& ctx, int batch) {
  return nn::detail::scratch_of<L, T, In>(
      batch, [&]<class Layer, class E, class X>() { return Planned<Layer, E, X>::template bytes<P>(ctx, batch); });
}
}  // namespace berl::gpu
