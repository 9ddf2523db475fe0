#pragma once
#include <berl/cuda/context.hpp>  // Context<Cuda>, check

#include <cuda_runtime.h>  // cudaLaunchKernelEx

#include <cstddef>  // size_t
#include <type_traits>

namespace berl::gpu {
/// How many blocks of how many threads, and the bytes that the threads of a block share beside a kernel's own.
struct Grid {
  dim3 blocks;
  unsigned threads;
  std::size_t shared = 0;
};
/// Blocks of so many threads that n threads fit.
constexpr unsigned blocks_for(std::size_t n, unsigned threads) { return static_cast<unsigned>((n + threads - 1) / threads); }

/// Puts a kernel into the context's queue; a grid without blocks is nothing to do.
///   errors  Error, where the GPU refuses it. What goes wrong while it runs is told by a later call
template <class... P, class... A>
void launch(Context<Cuda>& ctx, char const* name, void (*kernel)(P...), Grid const& grid, A const&... arguments) {
  static_assert((std::is_trivially_copyable_v<P> && ...), "berl::gpu::launch: a kernel's arguments are copied byte by byte to the GPU.");
  static_assert((std::size_t{0} + ... + sizeof(P)) <= 32764, "berl::gpu::launch: a kernel's arguments take at most 32764 bytes.");
  if (grid.blocks.x == 0 || grid.blocks.y == 0 || grid.blocks.z == 0) return;
  if (grid.shared > 0)  // with what a kernel has of its own it may be more than the 48 KiB that need no asking
    check(cudaFuncSetAttribute(reinterpret_cast<void const*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(grid.shared)),
          name);
  cudaLaunchConfig_t config{};
  config.gridDim = grid.blocks;
  config.blockDim = dim3(grid.threads);
  config.dynamicSmemBytes = grid.shared;
  config.stream = ctx.stream.get();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...), name);
}
template <class F>
__global__ void __launch_bounds__(256) each_kernel(F f, std::size_t n) {
  std::size_t const i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) f(i);
}
/// f(i) for i = 0, ..., n - 1, each by a thread of its own. f is copied to the GPU.
template <class F>
void each(Context<Cuda>& ctx, char const* name, std::size_t n, F const& f) {
  launch(ctx, name, each_kernel<F>, {blocks_for(n, 256), 256}, f, n);
}
}  // namespace berl::gpu
