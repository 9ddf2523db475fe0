#pragma once
#include <berl/core/check.hpp>  // check::Broadcast
#include <berl/expr/node.hpp>   // Node, shape_of, traced

namespace berl::expr {
/// y = a + b, element by element;  da += dy,  db += dy
/// shapes  a: A, b: B, y: broadcast(A, B), per sample
/// errors  check::Broadcast, when the shapes do not broadcast
template <Node A, Node B>
struct Plus {
  using shape = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    auto const tb = b.trace(at);
    return traced(ta.y + tb.y, ta, tb);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    if constexpr (Sink::template wants<A>) a.pull(t.a, dy, sink);  // (a + b)' = dy
    if constexpr (Sink::template wants<B>) b.pull(t.b, dy, sink);  //          + dy
  }
};

/// y = a - b;  da += dy,  db -= dy
template <Node A, Node B>
struct Minus {
  using shape = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    auto const tb = b.trace(at);
    return traced(ta.y - tb.y, ta, tb);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    if constexpr (Sink::template wants<A>) a.pull(t.a, dy, sink);
    if constexpr (Sink::template wants<B>) b.pull(t.b, -dy, sink);
  }
};

/// y = -a;  da -= dy
template <Node A>
struct Negate {
  using shape = shape_of<A>;
  using operands = Types<A>;
  A a;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    return traced(-ta.y, ta);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    a.pull(t.a, -dy, sink);
  }
};

template <class A, class B>
  requires Pair<A, B>
constexpr auto operator+(A a, B b) {
  using Like = first_node<A, B>;
  return Plus<node_like<Like, A>, node_like<Like, B>>{as_node<Like>(a), as_node<Like>(b)};
}
template <class A, class B>
  requires Pair<A, B>
constexpr auto operator-(A a, B b) {
  using Like = first_node<A, B>;
  return Minus<node_like<Like, A>, node_like<Like, B>>{as_node<Like>(a), as_node<Like>(b)};
}
template <Node A>
constexpr Negate<A> operator-(A a) {
  return {a};
}
}  // namespace berl::expr
