#pragma once
#include <berl/core/threads.hpp>  // parallel_for

#include <cstddef>  // size_t, ptrdiff_t

namespace berl::optim {
/// Elements that one thread updates at a time: small enough for the first caches, and never dependent on the number of threads.
inline constexpr std::size_t block_size = 4096;

/// body(first, last) for each block of [0, n).
template <class Body>
void for_blocks(Context<Host> const& ctx, std::size_t n, Body const& body) {
  parallel_for(ctx, static_cast<std::ptrdiff_t>((n + block_size - 1) / block_size), [&](std::ptrdiff_t b) {
    std::size_t const first = static_cast<std::size_t>(b) * block_size;
    body(first, n - first < block_size ? n : first + block_size);
  });
}
}  // namespace berl::optim
