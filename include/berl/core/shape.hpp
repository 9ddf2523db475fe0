#pragma once
#include <berl/core/config.hpp>  // BERL_FN

#include <cstddef>  // size_t

namespace berl {
struct Host;
struct Cuda;

/// The extents of one sample, outermost first: Shape<3, 112, 112> is C, H, W. The batch is known at run time.
template <int... N>
struct Shape {
  static constexpr int rank = static_cast<int>(sizeof...(N));
  static constexpr int size = (1 * ... * N);
};

/// How the elements of a sample lie in memory: row after row of plane after plane; or, for maps whose channels are a multiple of
/// channel_block, row after row of pixels with the channels of one block beside one another, block after block; or with all channels.
struct Nchw {};
struct Blocked {};
struct Nhwc {};
inline constexpr int channel_block = 16;
/// Channels that lie beside one another in a map of so many channels.
constexpr int block_of(int channels) { return channels % channel_block == 0 ? channel_block : 1; }

template <class S>
inline constexpr int channels = 0;
template <int C, int... N>
inline constexpr int channels<Shape<C, N...>> = C;

template <class S>
inline constexpr int height = 1;
template <int C, int H, int W>
inline constexpr int height<Shape<C, H, W>> = H;

template <class S>
inline constexpr int width = 1;
template <int C, int H, int W>
inline constexpr int width<Shape<C, H, W>> = W;

/// The elements of one channel.
template <class S>
inline constexpr int plane = S::size / channels<S>;

namespace detail {
/// How a device lays out maps of whole blocks of channels.
template <class D>
struct channels_of_blocks {
  using type = Blocked;
};
template <>
struct channels_of_blocks<Cuda> {
  using type = Nhwc;
};
template <class S, class D>
struct layout_of {
  using type = Nchw;
};
template <int C, int H, int W, class D>
  requires(block_of(C) == channel_block)
struct layout_of<Shape<C, H, W>, D> : channels_of_blocks<D> {};

/// Channels that lie beside one another in a layout.
template <class S, class Layout>
inline constexpr int beside = 1;
template <class S>
inline constexpr int beside<S, Blocked> = channel_block;
template <class S>
inline constexpr int beside<S, Nhwc> = channels<S>;
}  // namespace detail
/// The layout of a view, unless it names another: maps whose channels make whole blocks lie in blocks on the host and with all channels
/// beside one another on CUDA, everything else is plain.
template <class S, class D = Host>
using LayoutOf = typename detail::layout_of<S, D>::type;

/// Where element (c, v, u) of a sample lies.
template <class S, class Layout = LayoutOf<S>>
BERL_FN constexpr int offset_of(int c, int v, int u) {
  constexpr int B = detail::beside<S, Layout>;
  return ((c / B * height<S> + v) * width<S> + u) * B + c % B;
}
/// The channel and the pixel (v width + u) of the element that lies at i: offset_of<S, Layout>(c, v, u) = i.
struct Element {
  int c, pixel;
};
template <class S, class Layout = LayoutOf<S>>
BERL_FN constexpr Element element_at(int i) {
  constexpr int B = detail::beside<S, Layout>;
  return {i / (plane<S> * B) * B + i % B, i / B % plane<S>};
}

/// Two shapes broadcast when axis by axis they are equal, or one of them is 1.
template <class A, class B>
inline constexpr bool broadcasts = false;
template <int... A, int... B>
  requires(sizeof...(A) == sizeof...(B))
inline constexpr bool broadcasts<Shape<A...>, Shape<B...>> = ((A == B || A == 1 || B == 1) && ...);

template <class A, class B>
struct broadcast {
  using type = A;  // no second error after check::Broadcast
};
template <int... A, int... B>
  requires(sizeof...(A) == sizeof...(B))
struct broadcast<Shape<A...>, Shape<B...>> {
  using type = Shape<(A == 1 ? B : A)...>;
};
}  // namespace berl
