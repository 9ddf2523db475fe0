#pragma once
#include <berl/core/config.hpp>  // BERL_CUDA

#include <cstring>  // memcpy
#include <utility>  // index_sequence

namespace berl::host {
/// The widest vector of the machine that the file is compiled for, as the compiler's own vector type.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
inline constexpr int tile_rows = 8;  // with tile_columns vectors they fill the registers
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
inline constexpr int tile_rows = 4;
#else
inline constexpr int vector_bytes = 16;
inline constexpr int tile_rows = 4;
#endif

template <class T>
struct Simd {
  static constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Vector = typename Simd<T>::type;
template <class T>
inline constexpr int lanes_of = Simd<T>::lanes;

template <class T>
inline void load(Vector<T>& v, T const* from) {
  std::memcpy(&v, from, sizeof v);
}
template <class T>
inline void store(T* to, Vector<T> const& v) {
  std::memcpy(to, &v, sizeof v);
}

/// sum += a b, rounded once where the machine can. Left to itself g++ decides that for each loop anew, by the processor too (of AMD's it
/// fuses no chain that is alone in its loop), so that a sample's bits would depend on how many are computed beside it.
template <class T>
inline void add_fused(Vector<T>& sum, Vector<T> const& a, Vector<T> const& b) {
#if defined(__FMA__) && defined(__GNUC__)
  Vector<T> v = sum, x = a, y = b;  // copies: an array that asm writes to would not stay in registers
  if constexpr (sizeof(T) == 4)
    asm("vfmadd231ps %2, %1, %0" : "+v"(v) : "v"(x), "v"(y));
  else
    asm("vfmadd231pd %2, %1, %0" : "+v"(v) : "v"(x), "v"(y));
  sum = v;
#else
  sum += a * b;
#endif
}

namespace detail {
/// Of the blocks of `side` lanes of a and b, the two off the diagonal change places.
template <int side, class V, std::size_t... lane>
inline void swap_blocks(V& a, V& b, std::index_sequence<lane...>) {
  constexpr int L = static_cast<int>(sizeof...(lane));
#if BERL_CUDA  // nvcc loses the pack inside the built-in
  V low = a, high = b;
  for (int i = 0; i < L; ++i)
    if ((i & side) == 0)
      high[i] = a[i + side];
    else
      low[i] = b[i - side];
#else
  V const low =
      __builtin_shufflevector(a, b, ((static_cast<int>(lane) & side) == 0 ? static_cast<int>(lane) : L + static_cast<int>(lane) - side)...);
  V const high =
      __builtin_shufflevector(a, b, ((static_cast<int>(lane) & side) == 0 ? static_cast<int>(lane) + side : L + static_cast<int>(lane))...);
#endif
  a = low;
  b = high;
}
template <class T, int side>
inline void transpose_blocks(Vector<T> (&rows)[lanes_of<T>]) {
  constexpr int L = lanes_of<T>;
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i)
    if ((i & side) == 0) swap_blocks<side>(rows[i], rows[i + side], std::make_index_sequence<L>{});
  if constexpr (side > 1) transpose_blocks<T, side / 2>(rows);
}
}  // namespace detail
/// The sum of a vector's lanes, pairwise.
template <class T>
inline T sum_of(Vector<T> const& v) {
  constexpr int L = lanes_of<T>;
  T lanes[L];
  store<T>(lanes, v);
  for (int half = L / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  return lanes[0];
}
/// rows[i][j] = rows[j][i]
template <class T>
inline void transpose(Vector<T> (&rows)[lanes_of<T>]) {
  detail::transpose_blocks<T, lanes_of<T> / 2>(rows);
}
}  // namespace berl::host
