#pragma once
#include <berl/cuda/pack.hpp>      // Pack, load, require_aligned
#include <berl/cuda/team.hpp>      // Solo, Block
#include <berl/expr/evaluate.hpp>  // evaluate_let
#include <berl/expr/pixel.hpp>     // evaluate_pixel, Rows

/// How a team passes over the pixels of one sample: each member takes packs of neighbouring pixels, whose values it loads at once.
namespace berl::expr::detail {
/// Neighbouring pixels to a pack, in maps of shape S.
template <class T, class S>
inline constexpr int pixels_of = plane<S> % gpu::pack_of<T> == 0 ? gpu::pack_of<T> : 1;

/// A leaf's values at the pixels of a pack.
template <class L, class T, int N>
struct LoadedLeaf {
  gpu::Pack<T, N> channel[channels<typename L::shape>];
};
/// The values of a region at the pixels first, first + 1, ..., which are counted from 0: maps are in registers, the rest is where it was.
template <class T, class Region, int N, class R, class Leaves = region_leaves<Region>>
struct PackRows;
template <class T, class Region, int N, class R, class... Ls>
struct PackRows<T, Region, N, R, Types<Ls...>> : LoadedLeaf<Ls, T, N>... {
  R const& rows;
  int first;

  BERL_FN PackRows(R const& all, int at) : rows(all), first(at) { (fill<Ls>(), ...); }
  template <class L, class S>
  BERL_FN T load(int c, int k) const {
    if constexpr (is_map<L>)
      return static_cast<LoadedLeaf<L, T, N> const&>(*this).channel[channels<typename L::shape> == 1 ? 0 : c].v[k];
    else
      return rows.template load<L, S>(c, first + k);
  }
  template <class L>
  BERL_FN T once(int c) const {
    return rows.template once<L>(c);
  }

 private:
  template <class L>
  static constexpr bool is_map = plane<typename L::shape> > 1 && plane<typename L::shape> == plane<shape_of<Region>>;
  template <class L>
  BERL_FN void fill() {
    if constexpr (is_map<L>)
      for_channels<channels<typename L::shape>>([&](int c) {
        static_cast<LoadedLeaf<L, T, N>&>(*this).channel[c] =
            gpu::load<N>(static_cast<Row<L, T> const&>(rows).data + c * plane<typename L::shape> + first);
      });
  }
};

/// body(first) for the first pixels of this member's packs.
template <class T, class S, class Team, class Body>
BERL_FN void for_packs(Team const&, Body const& body) {
  constexpr int N = pixels_of<T, S>;
  for (int first = N * Team::rank(); first < plane<S>; first += N * Team::size) body(first);
}

/// The lets of one pixel, operands first: all members get the same values.
template <class T, class Team, class L, class R>
BERL_FN void evaluate_let_together(Team const& team, L const& let, R& rows) {
  if constexpr (reduces<std::remove_cvref_t<decltype(let.a)>>) {
    constexpr int C = channels<typename L::shape>;
    auto const& region = region_below(let.a);
    using Region = std::remove_cvref_t<decltype(region)>;
    using S = shape_of<Region>;
    T sums[C] = {};
    for_packs<T, S>(team, [&](int first) {
      PackRows<T, Region, pixels_of<T, S>, R> const pack(rows, first);
      for (int k = 0; k < pixels_of<T, S>; ++k) {
        T element[channels<S>];
        evaluate_pixel(region, pack, k, element);
        for_channels<channels<S>>([&](int c) { sums[C == 1 ? 0 : c] += element[c]; });
      }
    });
    Team::sum(sums);
    for (int c = 0; c < C; ++c) static_cast<Once<L, T>&>(rows).value[c] = static_cast<T>(let.a.scale) * sums[c];
  } else {
    evaluate_let<T>(let, rows);
  }
}
template <class T, class Team, class N, class R, class... Os>
BERL_FN void evaluate_once_together(Team const& team, N const& node, R& rows, Types<Os...>) {
  (evaluate_let_together<T>(team, inside<Os>(node), rows), ...);
}

/// Whether a node's lets of one pixel are sums, for which all pixels of a sample must be seen.
template <class Lets>
inline constexpr bool any_sums = false;
template <class... Os>
inline constexpr bool any_sums<Types<Os...>> = (reduces<decltype(Os::a)> || ...);

template <class B, class... Ls>
void require_aligned_views(char const* where, B const& values, Types<Ls...>) {
  (gpu::require_aligned(where, plane<typename Ls::shape> > 1 ? values[Ls{}].data() : nullptr), ...);
}
}  // namespace berl::expr::detail
