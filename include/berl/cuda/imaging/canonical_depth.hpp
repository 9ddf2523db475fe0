#pragma once
#include <berl/cuda/expr/evaluate.hpp>       // Kernel<Evaluate, Cuda>
#include <berl/cuda/expr/gradient.hpp>       // Kernel<Gradient, Cuda>
#include <berl/imaging/canonical_depth.hpp>  // Columns

namespace berl::imaging::detail {
template <class T, int S>
__device__ constexpr depth::Columns<T, S> columns_on_gpu{};
}  // namespace berl::imaging::detail

/// The rows of `inner` in the GPU's memory, where the program's code is.
template <>
struct berl::Kernel<berl::imaging::depth::Seen, berl::Cuda> {
  template <class T, int S>
  static imaging::depth::Columns<T, S> const* columns() {
    void* at = nullptr;
    gpu::check(cudaGetSymbolAddress(&at, imaging::detail::columns_on_gpu<T, S>), "cudaGetSymbolAddress");
    return static_cast<imaging::depth::Columns<T, S> const*>(at);
  }
};
