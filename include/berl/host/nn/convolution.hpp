#pragma once
#include <berl/host/simd.hpp>  // lanes_of

/// What the host's convolutions have in common: the sizes of one, and the groups of outputs in which it is computed.
namespace berl::host {
/// One convolution: C x H x W to M x OH x OW; or, transposed, its adjoint's shapes: C x H x W is what goes in.
struct Convolution {
  int C, H, W, M, OH, OW, K, S, P;
  bool transposed;  // weights lie as (M, C, K, K), or (C, M, K, K) where in and out change places
};
namespace detail {
/// Output channels of one tile, and how many such groups M channels make; the last one may need one vector only.
template <class T>
inline constexpr int group_channels = 2 * lanes_of<T>;
template <class T>
constexpr int groups_of(int M) {
  return (M + group_channels<T> - 1) / group_channels<T>;
}
template <class T>
constexpr int vectors_of(int M, int group) {
  return M - group * group_channels<T> > lanes_of<T> ? 2 : 1;
}

/// Where a picture's results go: bias added, onto `base` where there is one.
template <class T>
struct Target {
  T* y;
  T const* base;
  T const* bias;
};
}  // namespace detail
}  // namespace berl::host
