#pragma once
/// The library's only macros.
///   BERL_CUDA     1 where the CUDA compiler reads the file
///   BERL_ON_GPU   1 in the part of a BERL_FN function that is compiled for the GPU
///   BERL_FN       a function of one element, for host and device, inlined into its loop
///   BERL_CHECKED  1 where views check the batch and the bounds that they are asked for (Debug builds)
#if defined(__CUDACC__)
#pragma nv_diag_suppress 1675  // that it does not know `#pragma GCC unroll`, which is for the host's compiler
#define BERL_CUDA 1
#define BERL_FN __host__ __device__ __forceinline__
#else
#define BERL_CUDA 0
#define BERL_FN __attribute__((always_inline)) inline
#endif

#if defined(__CUDA_ARCH__)
#define BERL_ON_GPU 1
#else
#define BERL_ON_GPU 0
#endif

#if !defined(BERL_CHECKED)
#if defined(NDEBUG)
#define BERL_CHECKED 0
#else
#define BERL_CHECKED 1
#endif
#endif
