#pragma once
#include <berl/core/shape.hpp>           // block_of
#include <berl/host/nn/convolution.hpp>  // Convolution
#include <berl/host/nn/linear.hpp>       // linear, linear_transposed, linear_gradient

/// Convolutions whose kernel is as large as the picture, so that one pixel comes out, and their adjoints, into which one pixel goes: the
/// ends of an encoder and the beginning of a decoder. They are fully connected, and their weights are not worth a copy.
namespace berl::host {
constexpr bool fits_whole(Convolution const& g) {
  int const H = g.transposed ? g.OH : g.H, W = g.transposed ? g.OW : g.W, pixels = g.transposed ? g.H * g.W : g.OH * g.OW;
  return g.P == 0 && pixels == 1 && H == g.K && W == g.K;
}

namespace detail {
/// Where tap k % (K K) of channel k / (K K) lies in a picture of so many channels.
constexpr std::ptrdiff_t whole_place(int channels, int taps, int k) {
  int const B = block_of(channels), c = k / taps;
  return static_cast<std::ptrdiff_t>(c / B * taps + k % taps) * B + c % B;
}
}  // namespace detail

/// Bytes of scratch that either of the two takes.
template <class T>
constexpr std::size_t convolve_whole_scratch(Convolution const& g, int batch) {
  return linear_scratch<T>(batch, g.C * g.H * g.W, g.M * g.OH * g.OW);
}

/// As convolve_direct, for what fits_whole.
template <class T>
void convolve_whole(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* weights, T const* bias, T const* base, T* y) {
  int const taps = g.K * g.K, in = g.C * g.H * g.W, out = g.M * g.OH * g.OW;
  auto const put = [&](int k, std::ptrdiff_t place, int m, T value) {
    std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(k) * out + place;
    if (bias) value += bias[m];
    y[at] = base ? base[at] + value : value;
  };
  if (g.transposed)
    linear_transposed(ctx, batch, out, in, weights, x,
                      [&](int k, int i, T value) { put(k, detail::whole_place(g.M, taps, i), i / taps, value); });
  else
    linear(
        ctx, batch, in, out, weights,
        [&](int k, int i) { return x[static_cast<std::ptrdiff_t>(k) * in + detail::whole_place(g.C, taps, i)]; },
        [&](int k, int o, T value) { put(k, o, o, value); });
}

/// As weight_gradient_direct, for what fits_whole.
template <class T>
void weight_gradient_whole(Context<Host>& ctx, Convolution const& g, int batch, T const* x, T const* dy, T* dweights) {
  int const taps = g.K * g.K, in = g.C * taps;
  linear_gradient(
      ctx, batch, in, g.M, [&](int k, int i) { return x[static_cast<std::ptrdiff_t>(k) * in + detail::whole_place(g.C, taps, i)]; }, dy,
      dweights);
}
}  // namespace berl::host
