#pragma once
#include <berl/core/device.hpp>    // Kernel
#include <berl/core/lanes.hpp>     // lanes, sum_lanes, for_lanes
#include <berl/core/threads.hpp>   // parallel_for
#include <berl/core/view.hpp>      // put, skips
#include <berl/expr/evaluate.hpp>  // evaluate_once
#include <berl/expr/pixel.hpp>     // pull_pixel, Rows, Slots

namespace berl::expr {
template <class N, class Wrt>
struct Gradient {};

namespace detail {
/// How the gradient of X leaves a pass: pixel by pixel; as one sum per sample; or spread over one row or column.
enum class Goes { direct, summed, spread };

/// Blocks are local, so no store can be taken for an operand: that is what lets the loop vectorise.
template <class X, class T, Goes how>
struct Block {
  using S = typename X::shape;
  static constexpr int C = channels<S>, P = plane<S>;
  alignas(64) T v[C][lanes] = {};
  bool written = false;

  BERL_FN constexpr void take(int i, T const (&d)[C]) {
    for_channels<C>([&](int c) {
      if constexpr (how == Goes::summed)
        v[c][i] += d[c];
      else
        v[c][i] = d[c];
    });
  }
  template <class Region, int Count, class V>
  BERL_FN constexpr void store_block(V const& to, int n, int first) const {
    if constexpr (how == Goes::direct) {
      T* const d = to.sample(n);
      for (int c = 0; c < C; ++c)
        if (written)
          for (int i = 0; i < Count; ++i) d[c * P + first + i] += v[c][i];
        else
          for (int i = 0; i < Count; ++i) put<V>(d[c * P + first + i], v[c][i]);
    }
  }
  template <class V>
  BERL_FN constexpr void store_sample(V const& to, int n) {
    if constexpr (how == Goes::summed)
      for (int c = 0; c < C; ++c) put<V>(to.sample(n)[c], sum_lanes(v[c]));
  }
};
template <class X, class T>
struct Block<X, T, Goes::spread> {
  using S = typename X::shape;
  static constexpr int C = channels<S>, P = plane<S>;
  alignas(64) T v[C][lanes] = {};
  T sums[C][P] = {};
  bool written = false;

  BERL_FN constexpr void take(int i, T const (&d)[C]) {
    for_channels<C>([&](int c) { v[c][i] = d[c]; });
  }
  template <class Region, int Count, class V>
  BERL_FN constexpr void store_block(V const&, int, int first) {
    for (int c = 0; c < C; ++c)
      for (int i = 0; i < Count; ++i) sums[c][plane_index<S, Region>(first + i)] += v[c][i];
  }
  template <class V>
  BERL_FN constexpr void store_sample(V const& to, int n) {
    for (int c = 0; c < C; ++c)
      for (int p = 0; p < P; ++p) put<V>(to.sample(n)[c * P + p], sums[c][p]);
  }
};

/// Whether each region that uses W has as many pixels as W.
template <class W, class... Regions>
constexpr Goes goes(Types<Regions...>) {
  if (plane<typename W::shape> == 1) return Goes::summed;
  bool const same = ((!contains<region_leaves<Regions>, W> || plane<shape_of<Regions>> == plane<typename W::shape>)&&...);
  return same ? Goes::direct : Goes::spread;
}
template <class N, class Lets>
struct regions;
template <class N, class... Ls>
struct regions<N, Types<Ls...>> {
  using type = Types<N, region_of<decltype(Ls::a)>...>;
};

template <class X, class T, Goes how>
BERL_FN constexpr Block<X, T, how>& block_of(Block<X, T, how>& b) {
  return b;
}

template <class T, class N, class Wrt, class Lets>
struct Gradients;
template <class T, class N, class... Ws, class... Ls>
struct Gradients<T, N, Types<Ws...>, Types<Ls...>> : Block<Ws, T, goes<Ws>(typename regions<N, Types<Ls...>>::type{})>...,
                                                     Block<Ls, T, Goes::summed>... {
  template <class X>
  static constexpr bool wanted = (uses<X, Ws> || ...);

  /// One pass over the pixels of one region.
  template <class Region, class R, class Dy, class G>
  BERL_FN constexpr void pass(Region const& region, R const& rows, Dy const& dy, G const& to, int n) {
    using Leaves = region_leaves<Region>;
    using Sink = Slots<T, Types<Ws...>, typename joined<lets_of<Region>, Types<Ls...>>::type>;
    for_lanes<plane<shape_of<Region>>>([&](int first, auto count) __attribute__((always_inline)) {
      for (int i = 0; i < count.value; ++i) {
        Sink sink;
        pull_pixel<T>(region, rows, first + i, dy, sink);
        (take<Ws, contains<Leaves, Ws>>(i, sink), ...);
        (take<Ls, (wanted<Ls> && uses<Region, Ls>)>(i, sink), ...);
      }
      (store<Region, Ws, decltype(count)::value>(to, n, first), ...);
    });
    ((block_of<Ws>(*this).written |= contains<Leaves, Ws>), ...);
  }
  /// The lets of one pixel, users before operands.
  template <class R, class G>
  BERL_FN constexpr void pull_once(N const&, R const&, G const&, int, Types<>) {}
  template <class R, class G, class L, class... More>
  BERL_FN constexpr void pull_once(N const& node, R const& rows, G const& to, int n, Types<L, More...>) {
    pull_once(node, rows, to, n, Types<More...>{});
    if constexpr (wanted<L>) {
      auto const& let = inside<L>(node);
      SameDy<T, channels<shape_of<L>>> dy;
      T scale = T(1);
      if constexpr (reduces<std::remove_cvref_t<decltype(let.a)>>) scale = static_cast<T>(let.a.scale);
      for (int c = 0; c < channels<shape_of<L>>; ++c) dy.dy[c] = scale * sum_lanes(block_of<L>(*this).v[c]);
      pass(region_below(let.a), rows, dy, to, n);
    }
  }
  template <class G>
  BERL_FN constexpr void store_samples(G const& to, int n) {
    (block_of<Ws>(*this).store_sample(to[Ws{}], n), ...);
  }

 private:
  template <class X, bool here, class Sink>
  BERL_FN constexpr void take(int i, Sink& sink) {
    if constexpr (here) block_of<X>(*this).take(i, static_cast<Slot<X, T>&>(sink).d);
  }
  template <class Region, class W, int Count, class G>
  BERL_FN constexpr void store(G const& to, int n, int first) {
    if constexpr (contains<region_leaves<Region>, W>)
      block_of<W>(*this).template store_block<typename Region::shape, Count>(to[W{}], n, first);
  }
};

/// The leaves whose gradient has a place: all but those that a Skip stands for.
template <class G, class Kept, class... Ws>
struct unskipped;
template <class G, class... Ks>
struct unskipped<G, Types<Ks...>> {
  using type = Types<Ks...>;
};
template <class G, class... Ks, class W, class... Ws>
struct unskipped<G, Types<Ks...>, W, Ws...>
    : unskipped<G, std::conditional_t<skips<decltype(std::declval<G>()[W{}])>, Types<Ks...>, Types<Ks..., W>>, Ws...> {};

/// Whether each leaf of wrt() is used and its gradient has a view; InsistOnGradients says so where not.
template <class N, class G, class Wrt>
inline constexpr bool all_wanted = false;
template <class N, class G, class... Ws>
inline constexpr bool all_wanted<N, G, Types<Ws...>> = ((uses<N, Ws> && G::template has<Ws>)&&...);
template <class N, class G, class Wrt>
struct InsistOnGradients;
template <class N, class G, class... Ws>
struct InsistOnGradients<N, G, Types<Ws...>> : check::IsUsed<Ws, uses<N, Ws>>..., check::HasGradient<Ws, G::template has<Ws>>... {};
}  // namespace detail

/// The gradients of the leaves in wrt, given dy, the gradient of the node. One pass over the pixels per region; the gradient of
/// what broadcasts is summed in a fixed order, so that results have the same bits for any number of threads.
/// shapes  values, gradients: bind(leaf = view, ...), the gradients Write or Add or Skip; dy: Read of the node's shape
/// errors  check::IsBound, check::HasGradient, check::IsUsed, check::ResultShape; Error, when batches differ
template <Node N, class... Ws, class D, class B, class Dy, class G>
void gradient(Context<D>& ctx, N const& node, Types<Ws...>, B const& values, Dy dy, G const& gradients) {
  auto const root = detail::rooted(node);
  using Tree = std::remove_const_t<decltype(root)>;
  using Leaves = detail::leaves_of<Tree>;
  static_assert(check::ResultShape<shape_of<N>, typename Dy::shape>::ok);
  static_cast<void>(detail::InsistOnViews<B, Leaves>{});
  static_cast<void>(detail::InsistOnGradients<Tree, G, Types<Ws...>>{});
  if constexpr (detail::all_bound<B, Leaves> && detail::all_wanted<Tree, G, Types<Ws...>> &&
                std::is_same_v<shape_of<N>, typename Dy::shape>) {
    using Wanted = typename detail::unskipped<G, Types<>, Ws...>::type;
    detail::require_values("berl::expr::gradient", dy.batch(), values, Leaves{});
    detail::require_gradients("berl::expr::gradient", dy.batch(), gradients, Wanted{});
    if constexpr (Wanted::size > 0) Kernel<Gradient<Tree, Wanted>, D>::run(ctx, root, values, dy, gradients);
  }
}
}  // namespace berl::expr

template <class N, class... Ws>
struct berl::Kernel<berl::expr::Gradient<N, berl::expr::Types<Ws...>>, berl::Host> {
  template <class B, class Dy, class G>
  static void run(Context<Host>& ctx, N const& node, B const& values, Dy dy, G const& gradients) {
    using namespace expr::detail;
    using T = std::remove_const_t<typename Dy::element>;
    using Lets = sample_lets_of<N>;
    using R = Rows<T, leaves_of<N>, Lets>;
    constexpr int P = plane<typename N::shape>;
    parallel_for(ctx, dy.batch(), [&](std::ptrdiff_t sample) {
      int const n = static_cast<int>(sample);
      R all(values, n);
      evaluate_once<T>(node, all, Lets{});
      R const rows = all;
      N const tree = node;
      Gradients<T, N, expr::Types<Ws...>, Lets> found;
      found.pass(tree, rows, MapDy<T, P>{dy.sample(n)}, gradients, n);
      found.pull_once(tree, rows, gradients, n, Lets{});
      found.store_samples(gradients, n);
    });
  }
};
