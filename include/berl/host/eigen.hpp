#pragma once
// g++ 12 takes the undefined upper halves of AVX-512 intrinsics for uninitialised variables (its bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#if defined(__x86_64__)
#include <immintrin.h>  // here, so that what is ignored is ignored inside it
#endif
// parallel_for divides the work. Where it has one thread, Eigen would take all of OpenMP's, and another order of the sums.
#if !defined(EIGEN_DONT_PARALLELIZE)
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Core>  // Map, matrix products
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
