#pragma once
#include <berl/expr/elementary.hpp>  // exp, select
#include <berl/expr/node.hpp>        // Node, traced

namespace berl::expr {
// One line for each function reads as a table.
// clang-format off
/// y = f(a), element by element;  da += dy f'(a). The slope is given the value as well, since often it is made of it.
template <class F, Node A>
struct Apply {
  using shape = shape_of<A>;
  using operands = Types<A>;
  A a;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    auto const ta = a.trace(at);
    return traced(F::value(ta.y), ta);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    a.pull(t.a, dy * F::slope(t.a.y, t.y), sink);
  }
};

struct Exp {  // y = e^x
  template <class T> static BERL_FN T value(T x) { return elementary::exp(x); }
  template <class T> static BERL_FN T slope(T, T y) { return y; }
};
struct Log {  // y = ln x
  template <class T> static BERL_FN T value(T x) { return elementary::log(x); }
  template <class T> static BERL_FN T slope(T x, T) { return T(1) / x; }
};
struct Sqrt {
  template <class T> static BERL_FN T value(T x) { return elementary::sqrt(x); }
  template <class T> static BERL_FN T slope(T, T y) { return T(0.5) / y; }
};
struct Tanh {
  template <class T> static BERL_FN T value(T x) { return elementary::tanh(x); }
  template <class T> static BERL_FN T slope(T, T y) { return T(1) - y * y; }
};
struct Abs {  // the slope at 0 is 0
  template <class T> static BERL_FN T value(T x) { return elementary::select(x < T(0), -x, x); }
  template <class T> static BERL_FN T slope(T x, T) { return elementary::select(x > T(0), T(1), elementary::select(x < T(0), T(-1), T(0))); }
};
struct Relu {  // the slope at 0 is 0
  template <class T> static BERL_FN T value(T x) { return elementary::select(x < T(0), T(0), x); }
  template <class T> static BERL_FN T slope(T x, T) { return elementary::select(x > T(0), T(1), T(0)); }
};
struct Softplus {  // y = ln(1 + e^x), and x above 20
  template <class T> static BERL_FN T value(T x) { return elementary::softplus(x); }
  template <class T> static BERL_FN T slope(T x, T) { return elementary::select(x > T(20), T(1), elementary::sigmoid(x)); }
};

template <Node A> constexpr Apply<Exp, A> exp(A a) { return {a}; }
template <Node A> constexpr Apply<Log, A> log(A a) { return {a}; }
template <Node A> constexpr Apply<Sqrt, A> sqrt(A a) { return {a}; }
template <Node A> constexpr Apply<Tanh, A> tanh(A a) { return {a}; }
template <Node A> constexpr Apply<Abs, A> abs(A a) { return {a}; }
template <Node A> constexpr Apply<Relu, A> relu(A a) { return {a}; }
template <Node A> constexpr Apply<Softplus, A> softplus(A a) { return {a}; }

/// y = a between two bounds;  da += dy where lower <= a <= upper, the bounds included
template <Node A>
struct Clamp {
  using shape = shape_of<A>;
  using operands = Types<A>;
  A a;
  double lower, upper;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    using T = typename At::value_type;
    auto const ta = a.trace(at);
    T const low = static_cast<T>(lower), high = static_cast<T>(upper);
    T const y = elementary::select(ta.y < low, low, ta.y);
    return traced(elementary::select(y > high, high, y), ta);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    bool const inside = (t.a.y >= static_cast<T>(lower)) & (t.a.y <= static_cast<T>(upper));
    a.pull(t.a, elementary::select(inside, dy, T(0)), sink);
  }
};
template <Node A>
constexpr Clamp<A> clamp(A a, double lower, double upper) {
  return {a, lower, upper};
}

/// y = max(lower, a);  da += dy where a >= lower, so that at the bound the gradient passes, other than with relu
template <Node A>
struct AtLeast {
  using shape = shape_of<A>;
  using operands = Types<A>;
  A a;
  double lower;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    using T = typename At::value_type;
    auto const ta = a.trace(at);
    T const low = static_cast<T>(lower);
    return traced(elementary::select(ta.y < low, low, ta.y), ta);
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const& t, T dy, Sink& sink) const {
    a.pull(t.a, elementary::select(t.a.y >= static_cast<T>(lower), dy, T(0)), sink);
  }
};
template <Number S, Node A>
constexpr AtLeast<A> max(S lower, A a) {
  return {a, static_cast<double>(lower)};
}
template <Node A, Number S>
constexpr AtLeast<A> max(A a, S lower) {
  return {a, static_cast<double>(lower)};
}
// clang-format on
}  // namespace berl::expr
