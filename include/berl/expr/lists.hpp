#pragma once
#include <berl/expr/leaf.hpp>    // Leaf
#include <berl/expr/let.hpp>     // Let, per_sample
#include <berl/expr/reduce.hpp>  // reduces

/// What a tree is made of, as lists of types. A region is what one pass over the pixels computes: a tree down to its leaves and
/// to its lets of one pixel, which were computed before.
namespace berl::expr::detail {
template <class List, class X>
inline constexpr bool contains = false;
template <class... Ts, class X>
inline constexpr bool contains<Types<Ts...>, X> = (std::is_same_v<Ts, X> || ...);

template <class List, class X>
struct append;
template <class... Ts, class X>
struct append<Types<Ts...>, X> {
  using type = std::conditional_t<contains<Types<Ts...>, X>, Types<Ts...>, Types<Ts..., X>>;
};

/// Nodes of a tree that Keep accepts, operands before users, each once; whether to look below a node is Keep's choice too.
template <class Keep, class List, class N>
struct collect;
template <class Keep, class List>
struct collect<Keep, List, Types<>> {
  using type = List;
};
template <class Keep, class List, class N, class... Ns>
struct collect<Keep, List, Types<N, Ns...>> : collect<Keep, typename collect<Keep, List, N>::type, Types<Ns...>> {};
template <class Keep, class List, class N>
struct collect {
  using below = typename collect<Keep, List, std::conditional_t<Keep::template enters<N>, typename N::operands, Types<>>>::type;
  using type = typename std::conditional_t<Keep::template takes<N>, append<below, N>, std::type_identity<below>>::type;
};

template <class N>
inline constexpr bool is_leaf = false;
template <class Tag, class S>
inline constexpr bool is_leaf<Leaf<Tag, S>> = true;
template <class N>
inline constexpr bool is_let = false;
template <class Tag, class A>
inline constexpr bool is_let<Let<Tag, A>> = true;

struct AllLeaves {
  template <class N>
  static constexpr bool takes = is_leaf<N>;
  template <class N>
  static constexpr bool enters = true;
};
struct RegionLeaves {
  template <class N>
  static constexpr bool takes = is_leaf<N>;
  template <class N>
  static constexpr bool enters = !per_sample<N>;
};
struct RegionLets {
  template <class N>
  static constexpr bool takes = is_let<N> && !per_sample<N>;
  template <class N>
  static constexpr bool enters = !per_sample<N>;
};
struct SampleLets {
  template <class N>
  static constexpr bool takes = per_sample<N>;
  template <class N>
  static constexpr bool enters = true;
};

template <class N>
using leaves_of = typename collect<AllLeaves, Types<>, N>::type;  // of the whole tree
template <class N>
using region_leaves = typename collect<RegionLeaves, Types<>, N>::type;
template <class N>
using lets_of = typename collect<RegionLets, Types<>, N>::type;  // of the region: once per pixel
template <class N>
using sample_lets_of = typename collect<SampleLets, Types<>, N>::type;  // of the whole tree: once per sample

template <class A, class B>
struct joined;
template <class... As, class... Bs>
struct joined<Types<As...>, Types<Bs...>> {
  using type = Types<As..., Bs...>;
};

/// The node of type L inside the tree n; operands are the members a, b, c, in order.
template <class L, class N>
BERL_FN constexpr L const& inside(N const& n) {
  if constexpr (std::is_same_v<L, N>)
    return n;
  else if constexpr (uses<std::remove_cvref_t<decltype(n.a)>, L>)
    return inside<L>(n.a);
  else if constexpr (uses<std::remove_cvref_t<decltype(n.b)>, L>)
    return inside<L>(n.b);
  else
    return inside<L>(n.c);
}

/// The root of the region that computes a let of one pixel: the node itself, or what a reduction sums.
template <class N>
BERL_FN constexpr auto const& region_below(N const& n) {
  if constexpr (reduces<N>)
    return n.a;
  else
    return n;
}
template <class N>
using region_of = std::remove_cvref_t<decltype(region_below(std::declval<N const&>()))>;
}  // namespace berl::expr::detail
