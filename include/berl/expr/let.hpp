#pragma once
#include <berl/expr/node.hpp>  // Node, Types

namespace berl::expr {
/// A value with a name: computed once and pulled once per pixel, however often it is used; where its shape has a single pixel
/// (Shape<C, 1, 1>), once per sample. A name stands for one value: two different lets in one expression need two tags.
template <class Tag, Node A>
struct Let {
  using shape = shape_of<A>;
  using operands = Types<A>;
  using name = Tag;
  A a;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    return traced(at.template value<Let>());
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const&, T dy, Sink& sink) const {
    sink.template add<Let>(dy);
  }
};
template <class Tag, Node A>
constexpr Let<Tag, A> let(A a) {
  return {a};
}

namespace detail {
/// A let of one pixel is the border of a region: it is computed before the pixels are passed over.
template <class N>
inline constexpr bool per_sample = false;
template <class Tag, class A>
inline constexpr bool per_sample<Let<Tag, A>> = plane<shape_of<A>> == 1;
}  // namespace detail
}  // namespace berl::expr
