#pragma once
#include <berl/host/nn/convolve_direct.hpp>           // convolve_direct
#include <berl/host/nn/convolve_few.hpp>              // convolve_few, weight_gradient_few
#include <berl/host/nn/convolve_whole.hpp>            // convolve_whole, weight_gradient_whole
#include <berl/host/nn/convolve_winograd.hpp>         // convolve_winograd
#include <berl/host/nn/weight_gradient_direct.hpp>    // weight_gradient_direct
#include <berl/host/nn/weight_gradient_winograd.hpp>  // weight_gradient_winograd

/// The host's convolution by the method that is faster for its sizes, unless the context says that all are direct.
namespace berl::host {
namespace detail {
/// Weights at their 36 points have four times their bytes, each of which is written and read again; that pays from so many tiles on.
template <class T>
constexpr bool winograd_pays(Convolution const& g, int batch, std::size_t bytes_per_tile) {
  if (!fits_winograd(g)) return false;
  std::size_t const bytes = winograd::points * sizeof(T) * static_cast<std::size_t>(g.C) * static_cast<std::size_t>(g.M);
  return static_cast<std::size_t>(winograd::Tiling(g, batch).all) * bytes_per_tile >= bytes;
}
template <class T>
constexpr bool convolves_by_winograd(Convolution const& g, int batch) {
  return winograd_pays<T>(g, batch, 1536 * KiB);
}
template <class T>
constexpr bool sums_by_winograd(Convolution const& g, int batch) {
  return winograd_pays<T>(g, batch, 768 * KiB);
}
/// Pictures whose tiles count when the method is chosen.
inline int counted(Context<Host> const& ctx, int batch) { return ctx.convolutions == Convolutions::per_picture ? 1 : batch; }
}  // namespace detail

/// Bytes of scratch that convolve takes, by any method.
template <class T>
constexpr std::size_t convolve_scratch(Convolution const& g, int batch, int threads) {
  if (fits_whole(g)) return convolve_whole_scratch<T>(g, batch);
  if (fits_few(g)) return convolve_few_scratch<T>(g, batch, threads);
  std::size_t const direct = convolve_direct_scratch<T>(g, batch, threads);
  return detail::convolves_by_winograd<T>(g, batch) ? std::max(direct, convolve_winograd_scratch<T>(g, batch, threads)) : direct;
}
/// y[n] = base[n] + bias + weights * x[n] for a batch; base and bias may be null. base may be y. The reader is called for each run of y
/// before this returns.
template <class T>
void convolve(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y,
              RunReader const& reader = {}) {
  auto const read_all = [&] {
    if (reader) parallel_for(ctx, static_cast<std::ptrdiff_t>(batch) * (g.M / block_of(g.M)), reader);
  };
  if (fits_whole(g)) {
    convolve_whole(ctx, g, batch, x, weights, bias, base, y);
    read_all();
  } else if (fits_few(g)) {
    convolve_few(ctx, g, batch, x, weights, bias, base, y);
    read_all();
  } else if (ctx.convolutions != Convolutions::direct && detail::convolves_by_winograd<T>(g, detail::counted(ctx, batch))) {
    convolve_winograd(ctx, g, batch, x, weights, bias, base, y, reader);
  } else {
    convolve_direct(ctx, g, batch, x, weights, bias, base, y, reader);
  }
}

/// Bytes of scratch that weight_gradient takes, by any method.
template <class T>
constexpr std::size_t weight_gradient_scratch(Convolution const& g, int batch, int threads) {
  if (fits_whole(g)) return convolve_whole_scratch<T>(g, batch);
  if (fits_few(g)) return weight_gradient_few_scratch<T>(g, batch);
  std::size_t const direct = weight_gradient_direct_scratch<T>(g, batch, threads);
  return detail::sums_by_winograd<T>(g, batch) ? std::max(direct, weight_gradient_winograd_scratch<T>(g, batch, threads)) : direct;
}
/// Adds the gradient of the weights (M, C, K, K) of the direct convolution g.
template <class T>
void weight_gradient(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  if (fits_whole(g))
    weight_gradient_whole(ctx, g, batch, x, dy, dweights);
  else if (fits_few(g))
    weight_gradient_few(ctx, g, batch, x, dy, dweights);
  else if (ctx.convolutions != Convolutions::direct && detail::sums_by_winograd<T>(g, detail::counted(ctx, batch)))
    weight_gradient_winograd(ctx, g, batch, x, dy, dweights);
  else
    weight_gradient_direct(ctx, g, batch, x, dy, dweights);
}
}  // namespace berl::host
