#pragma once
#include <berl/core/device.hpp>  // Context<Host>

#include <cstddef>  // ptrdiff_t

namespace berl {
namespace detail {
/// A piece of work, compiled once: copies for one and for several threads could round differently, since a compiler chooses
/// for each copy where to fuse a product and a sum.
template <class Body>
[[gnu::noinline]] void call(Body const& body, std::ptrdiff_t i) {
  body(i);
}
}  // namespace detail

/// Calls body(i) for every i in [0, n), on the context's threads. The calls must not depend on one another and must
/// not throw; since each i is one piece of work, whoever does it, the result has the same bits for any thread count.
template <class Body>
void parallel_for(Context<Host> const& ctx, std::ptrdiff_t n, Body const& body) {
#if defined(_OPENMP)
  if (ctx.threads > 1 && n > 1) {
#pragma omp parallel for schedule(static) num_threads(ctx.threads)
    for (std::ptrdiff_t i = 0; i < n; ++i) detail::call(body, i);
    return;
  }
#else
  static_cast<void>(ctx);
#endif
  for (std::ptrdiff_t i = 0; i < n; ++i) detail::call(body, i);
}
}  // namespace berl
