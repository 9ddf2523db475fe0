#pragma once
#include <berl/core/check.hpp>      // check::Broadcast
#include <berl/expr/check.hpp>      // check::EqualChannels
#include <berl/expr/functions.hpp>  // sqrt
#include <berl/expr/multiply.hpp>   // operator/
#include <berl/expr/node.hpp>       // Node, traced

/// A node's channels as the components of one vector per pixel.
namespace berl::expr {
template <class A>
using one_channel_of = typename detail::shape_traits<shape_of<A>>::single_channel;

/// y = <a, b>, the sum over the channels of a b;  da[k] += dy b[k],  db[k] += dy a[k]
/// shapes  a: (C, ...), b: (C, ...), y: (1, ...)
/// errors  check::EqualChannels, check::Broadcast
template <Node A, Node B>
struct Dot {
  static constexpr int C = channels<shape_of<A>>;
  static_assert(check::EqualChannels<C, channels<shape_of<B>>>::ok);
  using shape = typename check::Broadcast<one_channel_of<A>, one_channel_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class TA, class TB, class T>
  struct Components {
    T y;
    TA a[C];
    TB b[C];
  };
  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    using T = typename At::value_type;
    using Two = Components<decltype(a.trace(at)), decltype(b.trace(at)), T>;
    return [&]<int... K>(std::integer_sequence<int, K...>) {
      Two t{T(0), {a.trace(at.channel(K))...}, {b.trace(at.channel(K))...}};
      t.y = (T(0) + ... + (t.a[K].y * t.b[K].y));
      return t;
    }(std::make_integer_sequence<int, C>{});
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    int const c = sink.c;
    detail::for_channels<C>([&](int k) {
      sink.c = k;
      if constexpr (Sink::template wants<A>) a.pull(t.a[k], dy * t.b[k].y, sink);
      if constexpr (Sink::template wants<B>) b.pull(t.b[k], dy * t.a[k].y, sink);
    });
    sink.c = c;
  }
};
template <Node A, Node B>
constexpr Dot<A, B> dot(A a, B b) {
  return {a, b};
}

/// y = a x b, right-handed: x cross y = z;  da += b x dy,  db += dy x a
/// errors  check::ThreeChannels, check::Broadcast
template <Node A, Node B>
struct Cross {
  static_assert(check::EqualChannels<channels<shape_of<A>>, channels<shape_of<B>>>::ok);
  static_assert(check::ThreeChannels<channels<shape_of<A>>>::ok);
  using shape = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using operands = Types<A, B>;
  A a;
  B b;

  template <class TA, class TB, class T>
  struct Components {  // component c of the product needs the two after it, i and j
    T y;
    TA ai, aj;
    TB bi, bj;
  };
  static BERL_FN constexpr int after(int c) { return c == 2 ? 0 : c + 1; }

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    using T = typename At::value_type;
    int const i = after(at.c), j = after(i);
    auto const ai = a.trace(at.channel(i)), aj = a.trace(at.channel(j));
    auto const bi = b.trace(at.channel(i)), bj = b.trace(at.channel(j));
    T const y = ai.y * bj.y - aj.y * bi.y;
    return Components<std::remove_const_t<decltype(ai)>, std::remove_const_t<decltype(bi)>, T>{y, ai, aj, bi, bj};
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    int const c = sink.c, i = after(c), j = after(i);
    sink.c = i;
    if constexpr (Sink::template wants<A>) a.pull(t.ai, dy * t.bj.y, sink);
    if constexpr (Sink::template wants<B>) b.pull(t.bi, -dy * t.aj.y, sink);
    sink.c = j;
    if constexpr (Sink::template wants<A>) a.pull(t.aj, -dy * t.bi.y, sink);
    if constexpr (Sink::template wants<B>) b.pull(t.bj, dy * t.ai.y, sink);
    sink.c = c;
  }
};
template <Node A, Node B>
constexpr Cross<A, B> cross(A a, B b) {
  return {a, b};
}

/// y = a's channel K;  da[K] += dy
template <int K, Node A>
struct Channel {
  static_assert(check::ChannelExists<K, channels<shape_of<A>>>::ok);
  using shape = one_channel_of<A>;
  using operands = Types<A>;
  A a;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at.channel(K));
    return traced(ta.y, ta);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    int const c = sink.c;
    sink.c = K;
    a.pull(t.a, dy, sink);
    sink.c = c;
  }
};
template <int K, Node A>
constexpr Channel<K, A> channel(A a) {
  return {a};
}

/// y = (a, b, c), three nodes of one channel, or numbers, as the channels of one;  da += dy[0],  db += dy[1],  dc += dy[2]
/// errors  check::OneChannel, check::Broadcast
template <Node A, Node B, Node D>
struct Stack {
  static_assert(check::OneChannel<channels<shape_of<A>>>::ok);
  static_assert(check::OneChannel<channels<shape_of<B>>>::ok);
  static_assert(check::OneChannel<channels<shape_of<D>>>::ok);
  using both = typename check::Broadcast<shape_of<A>, shape_of<B>>::type;
  using shape = typename detail::shape_traits<typename check::Broadcast<both, shape_of<D>>::type>::template with_channels<3>;
  using operands = Types<A, B, D>;
  A a;
  B b;
  D c;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at.channel(0));
    auto const tb = b.trace(at.channel(0));
    auto const tc = c.trace(at.channel(0));
    return traced(at.c == 0 ? ta.y : at.c == 1 ? tb.y : tc.y, ta, tb, tc);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    int const channel = sink.c;
    sink.c = 0;
    if (channel == 0) {
      if constexpr (Sink::template wants<A>) a.pull(t.a, dy, sink);
    } else if (channel == 1) {
      if constexpr (Sink::template wants<B>) b.pull(t.b, dy, sink);
    } else {
      if constexpr (Sink::template wants<D>) c.pull(t.c, dy, sink);
    }
    sink.c = channel;
  }
};
template <Term A, Term B, Term D>
  requires(Node<A> || Node<B> || Node<D>)
constexpr auto stack(A a, B b, D c) {
  using Like = first_node<A, first_node<B, D>>;
  return Stack<node_like<Like, A>, node_like<Like, B>, node_like<Like, D>>{as_node<Like>(a), as_node<Like>(b), as_node<Like>(c)};
}

/// a / |a|, over the channels, without any epsilon: NaN where a = 0.  da += (dy - y <y, dy>) / |a|
template <Node A>
constexpr auto normalize(A a) {
  return a / sqrt(dot(a, a));
}
}  // namespace berl::expr
