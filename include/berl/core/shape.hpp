#pragma once
#include <cstddef>  // size_t

namespace berl {
/// The extents of one sample, outermost first: Shape<3, 112, 112> is C, H, W. The batch is known at run time.
template <int... N>
struct Shape {
  static constexpr int rank = static_cast<int>(sizeof...(N));
  static constexpr int size = (1 * ... * N);
};

/// How the elements of a batch lie in memory: row after row of plane after plane of sample after sample.
struct Nchw {};

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
