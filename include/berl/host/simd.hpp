#pragma once
#include <cstring>  // memcpy

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
}  // namespace berl::host
