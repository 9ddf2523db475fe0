#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/shape.hpp>   // Shape

#include <type_traits>  // is_trivially_copyable_v
#include <utility>      // integer_sequence

namespace berl::expr {
template <class... Ts>
struct Types {
  static constexpr int size = sizeof...(Ts);
};

/// A term: its shape and its operands are types, and its operands are the members a, b, c.
/// trace computes an element and keeps what it needed; pull hands the gradient of that element on to the operands.
template <class N>
concept Node = std::is_trivially_copyable_v<N> && requires {
  typename N::shape;
  typename N::operands;
};
template <Node N>
using shape_of = typename N::shape;

/// A number in a formula: 2 * albedo - 1.
template <class S>
concept Number = std::is_arithmetic_v<S>;
template <class X>
concept Term = Node<X> || Number<X>;

/// An element and, below it, the elements that it was made of.
template <class T, class... Operands>
struct Traced;
template <class T>
struct Traced<T> {
  T y;
};
template <class T, class A>
struct Traced<T, A> {
  T y;
  A a;
};
template <class T, class A, class B>
struct Traced<T, A, B> {
  T y;
  A a;
  B b;
};
template <class T, class A, class B, class C>
struct Traced<T, A, B, C> {
  T y;
  A a;
  B b;
  C c;
};
template <class T, class... Operands>
BERL_FN constexpr Traced<T, Operands...> traced(T y, Operands... operands) {
  return {y, operands...};
}

/// Whether X stands somewhere in N.
template <class N, class X>
inline constexpr bool uses = uses<typename N::operands, X>;
template <class X, class Y>
  requires std::is_same_v<X, Y>
inline constexpr bool uses<X, Y> = true;
template <class... Ns, class X>
inline constexpr bool uses<Types<Ns...>, X> = (uses<Ns, X> || ...);

namespace detail {
template <class S>
struct shape_traits;
template <int C, int... N>
struct shape_traits<Shape<C, N...>> {
  using one = Shape<1, (N * 0 + 1)...>;    // a value per sample
  using pixel = Shape<C, (N * 0 + 1)...>;  // a value per sample and channel
  using single_channel = Shape<1, N...>;   // a value per sample and pixel
  template <int K>
  using with_channels = Shape<K, N...>;
};
/// f(0), ..., f(C - 1), unrolled, so that channels are constants to the compiler.
template <int C, class F>
BERL_FN constexpr void for_channels(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (f(I), ...); }(std::make_integer_sequence<int, C>{});
}
}  // namespace detail

/// A number known at run time, the same everywhere.
template <class S>
struct Constant {
  using shape = S;
  using operands = Types<>;
  double value;

  template <class At>
  BERL_FN constexpr auto trace(At) const {
    return traced(static_cast<typename At::value_type>(value));
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const&, T, Sink&) const {}
};

/// A node as it is; a number as a constant that broadcasts to the shape of `Like`.
template <class Like, Term X>
constexpr auto as_node(X x) {
  if constexpr (Node<X>)
    return x;
  else
    return Constant<typename detail::shape_traits<shape_of<Like>>::one>{static_cast<double>(x)};
}
template <class Like, Term X>
using node_like = decltype(as_node<Like>(std::declval<X>()));

/// At least one of the two is a node; the other may be a number.
template <class A, class B>
concept Pair = Term<A> && Term<B> && (Node<A> || Node<B>);
template <class A, class B>
using first_node = std::conditional_t<Node<A>, A, B>;
}  // namespace berl::expr
