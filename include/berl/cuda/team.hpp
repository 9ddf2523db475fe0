#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/solo.hpp>    // Solo

#include <cub/warp/warp_reduce.cuh>  // WarpReduce
#include <nv/target>                 // NV_IF_TARGET

/// A kernel's body is a function of the team that works on it, so that it also runs on the host, alone, and is tested there.
///   rank, size   member `rank` takes elements rank, rank + size, ...
///   sync()       what any member has written before, all members see behind it
///   raise(to,v)  to = max(to, v), of whole numbers, so that it does not matter who comes first
///   sum(v)       replaces each of the numbers v by its sum over the members, in an order that is always the same
namespace berl::gpu {
/// The threads of a block.
template <int threads>
struct Block {
  static_assert(threads % 32 == 0 && threads <= 1024);
  static constexpr int size = threads;
  static constexpr int warps = threads / 32;
  BERL_FN static int rank() { NV_IF_ELSE_TARGET(NV_IS_DEVICE, (return static_cast<int>(threadIdx.x);), (return 0;)) }
  BERL_FN static void sync() { NV_IF_TARGET(NV_IS_DEVICE, (__syncthreads();)) }
  BERL_FN static void raise(unsigned long long& to, unsigned long long v) { NV_IF_TARGET(NV_IS_DEVICE, (atomicMax(&to, v);)) }
  /// Over the lanes of each warp first, then over the warps.
  template <class T, int n>
  BERL_FN static void sum(T (&v)[n]) {
    NV_IF_TARGET(NV_IS_DEVICE, (sum_on_device(v);))
  }

 private:
#if BERL_CUDA
  template <class T, int n>
  __device__ static void sum_on_device(T (&v)[n]) {
    using Warp = cub::WarpReduce<T>;
    __shared__ typename Warp::TempStorage temporary[warps];
    __shared__ T of_warp[n][warps], total[n];
    int const warp = rank() / 32, lane = rank() % 32;
    for (int i = 0; i < n; ++i) {
      T const s = Warp(temporary[warp]).Sum(v[i]);
      if (lane == 0) of_warp[i][warp] = s;
      __syncwarp();
    }
    __syncthreads();
    for (int i = rank(); i < n; i += threads) {
      T s = of_warp[i][0];
      for (int w = 1; w < warps; ++w) s += of_warp[i][w];
      total[i] = s;
    }
    __syncthreads();
    for (int i = 0; i < n; ++i) v[i] = total[i];
    __syncthreads();
  }
#endif
};

/// Threads enough for n pieces of work, up to `most`: a power of two from 32 on.
constexpr int threads_for(int n, int most) {
  int threads = 32;
  while (threads < n && threads < most) threads *= 2;
  return threads;
}
}  // namespace berl::gpu
