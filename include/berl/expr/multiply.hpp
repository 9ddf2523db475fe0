#pragma once
#include <berl/core/check.hpp>  // check::Broadcast
#include <berl/expr/node.hpp>   // Node, Types, shape_of, traced

namespace berl::expr {
/// y = a b, element by element;  da += dy b,  db += dy a
/// shapes  a: A, b: B, y: broadcast(A, B), per sample
/// units   [y] = [a][b]
/// errors  check::Broadcast, when the shapes do not broadcast
template <Node A, Node B>
struct Multiply {
  using shape = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    auto const tb = b.trace(at);
    return traced(ta.y * tb.y, ta, tb);  // members y, a, b
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    if constexpr (Sink::template wants<A>) a.pull(t.a, dy * t.b.y, sink);  // (a b)' = dy b
    if constexpr (Sink::template wants<B>) b.pull(t.b, dy * t.a.y, sink);  //        + dy a
  }
};

/// y = a / b;  da += dy / b,  db -= dy y / b
template <Node A, Node B>
struct Divide {
  using shape = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    auto const tb = b.trace(at);
    return traced(ta.y / tb.y, ta, tb);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    T const da = dy / t.b.y;
    if constexpr (Sink::template wants<A>) a.pull(t.a, da, sink);
    if constexpr (Sink::template wants<B>) b.pull(t.b, -da * t.y, sink);
  }
};

template <class A, class B>
  requires Pair<A, B>
constexpr auto operator*(A a, B b) {
  using Like = first_node<A, B>;
  return Multiply<node_like<Like, A>, node_like<Like, B>>{as_node<Like>(a), as_node<Like>(b)};
}
template <class A, class B>
  requires Pair<A, B>
constexpr auto operator/(A a, B b) {
  using Like = first_node<A, B>;
  return Divide<node_like<Like, A>, node_like<Like, B>>{as_node<Like>(a), as_node<Like>(b)};
}
}  // namespace berl::expr
