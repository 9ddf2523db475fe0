#pragma once
#include <berl/cuda/launch.hpp>  // launch
#include <berl/cuda/pack.hpp>    // Pack, load, store, require_aligned

#include <type_traits>  // remove_const_t

/// One pass over equally long arrays, 16 bytes at a time.
namespace berl::gpu {
namespace detail {
/// N neighbouring elements of one array, in registers.
template <class E, int N>
struct Loaded {
  E* at;
  Pack<std::remove_const_t<E>, N> pack;
  BERL_FN Loaded(E* array, std::size_t i) : at(array + i), pack(load<N>(static_cast<E const*>(at))) {}
  BERL_FN void store_again() const {
    if constexpr (!std::is_const_v<E>) store(at, pack);
  }
};
template <int N, class F, class... L>
BERL_FN void update(F const& f, L... loaded) {
  for (int k = 0; k < N; ++k) f(loaded.pack.v[k]...);
  (loaded.store_again(), ...);
}
}  // namespace detail

/// How many pieces n elements make: packs, and the single elements behind them.
template <class T>
BERL_FN constexpr std::size_t pieces_of(std::size_t n) {
  return n / pack_of<T> + n % pack_of<T>;
}
/// f(an element of each array) for the elements of one piece; those of arrays that are not const are stored as f leaves them. Where f
/// says that it is idle, nothing is read.
template <class T, class F, class... E>
BERL_FN void update_piece(F const& f, std::size_t piece, std::size_t n, E*... arrays) {
  constexpr std::size_t N = pack_of<T>;
  std::size_t const packs = n / N;
  if constexpr (requires { f.idle(); })
    if (f.idle()) return;
  if (piece < packs)
    detail::update<pack_of<T>>(f, detail::Loaded<E, pack_of<T>>(arrays, piece * N)...);
  else if (piece < pieces_of<T>(n))
    detail::update<1>(f, detail::Loaded<E, 1>(arrays, packs * N + (piece - packs))...);
}

namespace detail {
template <class T, class F, class... E>
__global__ void __launch_bounds__(256) update_kernel(F f, std::size_t n, E*... arrays) {
  update_piece<T>(f, static_cast<std::size_t>(blockIdx.x) * 256 + threadIdx.x, n, arrays...);
}
}  // namespace detail

/// update_piece for all pieces, in one kernel.
///   errors  Error, when an array does not start at a multiple of 16 bytes
template <class T, class F, class... E>
void update_elements(Context<Cuda>& ctx, char const* name, F const& f, std::size_t n, E*... arrays) {
  static_assert((std::is_same_v<std::remove_const_t<E>, T> && ...), "berl::gpu::update_elements: the arrays have elements of one type.");
  (require_aligned(name, arrays), ...);
  launch(ctx, name, detail::update_kernel<T, F, E...>, {blocks_for(pieces_of<T>(n), 256), 256}, f, n, arrays...);
}
}  // namespace berl::gpu
