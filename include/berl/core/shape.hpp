#pragma once
#include <cstddef>  // size_t

namespace berl {
/// The extents of one sample, outermost first: Shape<3, 112, 112> is C, H, W. The batch is known at run time.
template <int... N>
struct Shape {
  static constexpr int rank = static_cast<int>(sizeof...(N));
  static constexpr int size = (1 * ... * N);
};

/// How the elements of a sample lie in memory: row after row of plane after plane; or, for maps whose channels are a multiple of
/// channel_block, row after row of pixels with the channels of one block beside one another, block after block.
struct Nchw {};
struct Blocked {};
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
template <class S>
struct layout_of {
  using type = Nchw;
};
template <int C, int H, int W>
  requires(block_of(C) == channel_block)
struct layout_of<Shape<C, H, W>> {
  using type = Blocked;
};
}  // namespace detail
/// The layout of a view, unless it names another: maps whose channels make whole blocks lie in blocks, everything else is plain.
template <class S>
using LayoutOf = typename detail::layout_of<S>::type;

/// Where element (c, v, u) of a sample lies.
template <class S, class Layout = LayoutOf<S>>
constexpr int offset_of(int c, int v, int u) {
  constexpr int B = __is_same(Layout, Blocked) ? channel_block : 1;
  return ((c / B * height<S> + v) * width<S> + u) * B + c % B;
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
