#pragma once
#include <berl/core/random.hpp>  // Random
#include <berl/cuda/blas.hpp>    // Products
#include <berl/cuda/launch.hpp>  // each

#include <algorithm>  // min
#include <chrono>

namespace berl::gpu {
namespace detail {
template <class T>
struct Draw {
  T* to;
  BERL_FN void operator()(std::size_t i) const { to[i] = T(Random(Seed{1}, 0, i).uniform(-1.0f, 1.0f)); }
};
template <class T>
double peak_flops(int device, Precision precision, int n, int runs) {
  using Clock = std::chrono::steady_clock;
  std::size_t const size = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  ProductShape const shape{n, n, n, false, false, false, n, n, n, matrix_type<T>, matrix_type<T>, precision};
  Context<Cuda> ctx(device);
  ctx.scratch = Arena(workspace_bytes(ctx.owned.get<Products>().plan(shape).workspace()), memory);
  Arena matrices(3 * size * sizeof(T), memory);
  T *const a = matrices.take<T>(size), *const b = matrices.take<T>(size), *const to = matrices.take<T>(size);
  each(ctx, "berl::gpu::peak_flops", size, Draw<T>{a});
  each(ctx, "berl::gpu::peak_flops", size, Draw<T>{b});
  double shortest = 1e30;
  for (int i = 0; i < runs; ++i) {
    ctx.synchronize();
    auto const start = Clock::now();
    Products::run<T>(ctx, "berl::gpu::peak_flops", shape, a, b, nullptr, nullptr, to);
    ctx.synchronize();
    shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return 2.0 * n * static_cast<double>(size) / shortest;
}
}  // namespace detail

/// Products and sums per second of a GPU: n x n sums of n products of random numbers by cuBLASLt, the fastest of several runs.
///   errors  Error, where the three matrices do not fit
inline double peak_flops(int device, Precision precision, int n = 4096, int runs = 5) {
  return precision == Precision::bf16 ? detail::peak_flops<Bf16>(device, precision, n, runs)
                                      : detail::peak_flops<float>(device, precision, n, runs);
}
}  // namespace berl::gpu
