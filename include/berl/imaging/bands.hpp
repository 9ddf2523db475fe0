#pragma once
#include <berl/core/threads.hpp>  // Context, parallel_for

#include <algorithm>  // clamp, max

namespace berl::imaging {
/// Into how many bands of rows each image is split, so that a batch smaller than the number of threads leaves no thread idle: 1 where
/// there are images enough, and no band of less than four rows.
constexpr int bands(int batch, int threads, int rows) {
  return batch < 1 ? 1 : std::clamp((threads + batch - 1) / batch, 1, std::max(1, rows / 4));
}
/// The first row of a band, which is the one after the last of the band before.
constexpr int first_row(int band, int bands, int rows) { return band * rows / bands; }

/// Calls body(n, first, last) for rows first ... last - 1 of image n until all rows of all images are done, on the context's threads. What
/// is computed for a row must not depend on the band that it is in.
template <class Body>
void for_bands(Context<Host> const& ctx, int batch, int rows, Body const& body) {
  int const k = bands(batch, ctx.threads, rows);
  parallel_for(ctx, static_cast<std::ptrdiff_t>(batch) * k, [&](std::ptrdiff_t i) {
    int const band = static_cast<int>(i % k);
    body(static_cast<int>(i / k), first_row(band, k, rows), first_row(band + 1, k, rows));
  });
}
}  // namespace berl::imaging
