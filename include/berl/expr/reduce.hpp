#pragma once
#include <berl/expr/check.hpp>  // check::Named
#include <berl/expr/node.hpp>   // Node, Types, shape_of

namespace berl::expr {
/// y = scale * sum of a, over the pixels (Out has a's channels) or over pixels and channels (Out has one);  da += scale dy
/// A reduction is an expression's root, or it has a name: let<struct Mean>(mean(x)).
/// errors  check::Named, when it stands inside another node
template <Node A, class Out>
struct Reduce {
  using shape = Out;
  using operands = Types<A>;
  A a;
  double scale;

  template <class At>
  BERL_FN constexpr auto trace(At) const {
    static_assert(check::Named<Reduce>::ok);
    return traced(typename At::value_type{});
  }
};

template <class A>
using one_of = typename detail::shape_traits<shape_of<A>>::one;
template <class A>
using pixel_of = typename detail::shape_traits<shape_of<A>>::pixel;

template <Node A>
constexpr Reduce<A, one_of<A>> sum(A a) {  // over everything of a sample
  return {a, 1};
}
template <Node A>
constexpr Reduce<A, one_of<A>> mean(A a) {
  return {a, 1.0 / shape_of<A>::size};
}
template <Node A>
constexpr Reduce<A, pixel_of<A>> sum_plane(A a) {  // over the pixels of each channel
  return {a, 1};
}
template <Node A>
constexpr Reduce<A, pixel_of<A>> mean_plane(A a) {
  return {a, 1.0 / plane<shape_of<A>>};
}

namespace detail {
template <class N>
inline constexpr bool reduces = false;
template <class A, class Out>
inline constexpr bool reduces<Reduce<A, Out>> = true;
}  // namespace detail
}  // namespace berl::expr
