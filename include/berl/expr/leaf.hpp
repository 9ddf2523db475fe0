#pragma once
#include <berl/core/view.hpp>   // Read, Write, Add, Skip
#include <berl/expr/check.hpp>  // check::BoundShape
#include <berl/expr/node.hpp>   // Node, traced

#include <type_traits>  // is_same_v

namespace berl::expr {
/// What stands for a leaf when an expression is evaluated: a view of its shape.
template <class Leaf, class View>
struct Bound {
  static_assert(check::BoundShape<typename Leaf::shape, typename View::shape>::ok);
  static_assert(
      std::is_same_v<typename View::layout, Nchw>,
      "berl::expr::bind: expressions are evaluated on plain maps. Copy the view to one that names its layout, Read<T, S, D, berl::Nchw>.");
  View view;
};

/// A variable. Its name is the tag, its value comes with bind: leaf = view.
template <class Tag, class S>
struct Leaf {
  using shape = S;
  using operands = Types<>;

  template <class At>
  BERL_FN constexpr auto trace(At at) const {
    return traced(at.template load<Leaf>());
  }
  template <class Traced, class T, class Sink>
  BERL_FN constexpr void pull(Traced const&, T dy, Sink& sink) const {
    sink.template add<Leaf>(dy);
  }

  template <class V>
    requires requires(V const& view) { view.sample(0); }
  constexpr Bound<Leaf, V> operator=(V view) const {  // for bind
    return {view};
  }
  template <class Owner>
    requires requires(Owner const& t) { t.read(); } && (!requires(Owner const& t) { t.sample(0); })
  constexpr auto operator=(Owner const& t) const {  // a tensor is read
    return *this = t.read();
  }
};
template <class Tag, class S>
inline constexpr Leaf<Tag, S> leaf{};

/// The views of several leaves, found by leaf: bindings[albedo].
template <class... Bs>
struct Bindings;
template <class... Ls, class... Vs>
struct Bindings<Bound<Ls, Vs>...> : Bound<Ls, Vs>... {
  template <class L>
  static constexpr bool has = (std::is_same_v<L, Ls> || ...);

  template <class L, class V>
  static BERL_FN constexpr V view(Bound<L, V> const& b) {
    return b.view;
  }
  template <class Tag, class S>
  BERL_FN constexpr auto operator[](Leaf<Tag, S>) const {
    return view<Leaf<Tag, S>>(*this);
  }
};
template <class... Ls, class... Vs>
constexpr Bindings<Bound<Ls, Vs>...> bind(Bound<Ls, Vs>... bs) {
  return {bs...};
}

/// The leaves whose gradients are wanted.
template <Node... Ls>
constexpr Types<Ls...> wrt(Ls...) {
  return {};
}
}  // namespace berl::expr
