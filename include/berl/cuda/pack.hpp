#pragma once
#include <berl/core/bf16.hpp>   // number_of
#include <berl/core/error.hpp>  // Error

#include <cstdint>  // uintptr_t

namespace berl::gpu {
/// N neighbouring elements, which one instruction moves where they make up to 16 bytes.
template <class T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Pack {
  T v[N];
};
/// As many elements as 16 bytes hold.
template <class T>
inline constexpr int pack_of = static_cast<int>(16 / sizeof(T));

template <int N, class T>
BERL_FN Pack<T, N> load(T const* from) {
  return *reinterpret_cast<Pack<T, N> const*>(from);
}
template <int N, class T>
BERL_FN void store(T* to, Pack<T, N> const& pack) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}
/// Whether packs may be moved from and to an address.
inline bool aligned(void const* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; }
inline void require_aligned(char const* where, void const* p) {
  if (!aligned(p))
    throw Error(where, "a batch that does not start at a multiple of 16 bytes", "one that does",
                "Tensors and arenas give such memory; a view of single samples may need a copy.");
}
}  // namespace berl::gpu
