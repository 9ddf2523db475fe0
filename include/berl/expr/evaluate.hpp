#pragma once
#include <berl/core/device.hpp>   // Kernel
#include <berl/core/error.hpp>    // Error
#include <berl/core/lanes.hpp>    // lanes, for_lanes
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/expr/pixel.hpp>    // evaluate_pixel, Rows

#include <string>  // to_string

namespace berl::expr {
template <class N>
struct Evaluate {};

namespace detail {
/// Computes one let of one pixel: its node, or the sum over the pixels below it.
template <class T, class L, class R>
BERL_FN constexpr void evaluate_let(L const& let, R& rows) {
  constexpr int C = channels<typename L::shape>;
  auto const& region = region_below(let.a);
  using S = shape_of<std::remove_cvref_t<decltype(region)>>;
  R const before = rows;
  T* const value = static_cast<Once<L, T>&>(rows).value;
  if constexpr (reduces<std::remove_cvref_t<decltype(let.a)>>) {
    alignas(64) T sums[C][lanes] = {};
    for_lanes<plane<S>>([&](int first, auto count) __attribute__((always_inline)) {
      for (int i = 0; i < count.value; ++i) {
        T element[channels<S>];
        evaluate_pixel(region, before, first + i, element);
        for_channels<channels<S>>([&](int c) { sums[C == 1 ? 0 : c][i] += element[c]; });
      }
    });
    for (int c = 0; c < C; ++c) value[c] = static_cast<T>(let.a.scale) * sum_lanes(sums[c]);
  } else {
    T element[C];
    evaluate_pixel(region, before, 0, element);
    for (int c = 0; c < C; ++c) value[c] = element[c];
  }
}
/// All of them, operands first.
template <class T, class N, class R, class... Os>
BERL_FN constexpr void evaluate_once(N const& node, R& rows, Types<Os...>) {
  (evaluate_let<T>(inside<Os>(node), rows), ...);
}

/// One pass over the pixels of one sample. Results stay in a local block first, so no store can be taken for an operand: that is
/// what lets the loop vectorise.
template <class Y, class N, class R, class T>
BERL_FN constexpr void evaluate_map(N const& node, R const& rows, T* out) {
  constexpr int C = channels<shape_of<N>>, P = plane<shape_of<N>>;
  for_lanes<P>([&](int first, auto count) __attribute__((always_inline)) {
    alignas(64) T local[C][lanes];
    for (int i = 0; i < count.value; ++i) {
      T element[C];
      evaluate_pixel(node, rows, first + i, element);
      for_channels<C>([&](int c) { local[c][i] = element[c]; });
    }
    for (int c = 0; c < C; ++c)
      for (int i = 0; i < count.value; ++i) put<Y>(out[c * P + first + i], local[c][i]);
  });
}

/// Whether each leaf has a view; Insist says so where it has none.
template <class B, class Leaves>
inline constexpr bool all_bound = false;
template <class B, class... Ls>
inline constexpr bool all_bound<B, Types<Ls...>> = (B::template has<Ls> && ...);
template <class B, class Leaves>
struct InsistOnViews;
template <class B, class... Ls>
struct InsistOnViews<B, Types<Ls...>> : check::IsBound<Ls, B::template has<Ls>>... {};

inline void require_batch(char const* where, int found, int batch) {
  if (found != batch)
    throw Error(where, "a leaf bound to a batch of " + std::to_string(found), "a batch of " + std::to_string(batch),
                "Leaves have as many samples as the result, or one for all; gradients have as many as the result.");
}
template <class B, class... Ls>
void require_values(char const* where, int batch, B const& values, Types<Ls...>) {
  (require_batch(where, values[Ls{}].batch(), values[Ls{}].batch() == 1 ? 1 : batch), ...);
}
template <class B, class... Ls>
void require_gradients(char const* where, int batch, B const& gradients, Types<Ls...>) {
  (require_batch(where, gradients[Ls{}].batch(), batch), ...);
}

/// A reduction at the root is a let of one pixel whose name nobody needs.
struct Root;
template <class N>
constexpr auto rooted(N const& node) {
  if constexpr (reduces<N>)
    return Let<Root, N>{node};
  else
    return node;
}
}  // namespace detail

/// y = node, for each sample. One pass over the pixels for the expression, and one before it for each sum or mean that has a name.
/// shapes  y: Write or Add of the node's shape; it may be the memory of a leaf of the same shape
/// errors  check::IsBound, check::ResultShape; Error, when batches differ
template <Node N, class D, class B, class Y>
void evaluate(Context<D>& ctx, N const& node, B const& values, Y y) {
  auto const root = detail::rooted(node);
  using Tree = std::remove_const_t<decltype(root)>;
  using Leaves = detail::leaves_of<Tree>;
  static_assert(check::ResultShape<shape_of<N>, typename Y::shape>::ok);
  static_cast<void>(detail::InsistOnViews<B, Leaves>{});
  if constexpr (detail::all_bound<B, Leaves> && std::is_same_v<shape_of<N>, typename Y::shape>) {
    detail::require_values("berl::expr::evaluate", y.batch(), values, Leaves{});
    Kernel<Evaluate<Tree>, D>::run(ctx, root, values, y);
  }
}
}  // namespace berl::expr

template <class N>
struct berl::Kernel<berl::expr::Evaluate<N>, berl::Host> {
  template <class B, class Y>
  static void run(Context<Host>& ctx, N const& node, B const& values, Y y) {
    using namespace expr::detail;
    using T = typename Y::element;
    using R = Rows<T, leaves_of<N>, sample_lets_of<N>>;
    parallel_for(ctx, y.batch(), [&](std::ptrdiff_t sample) {
      int const n = static_cast<int>(sample);
      R all(values, n);
      evaluate_once<T>(node, all, sample_lets_of<N>{});
      R const rows = all;
      N const tree = node;
      evaluate_map<Y>(tree, rows, y.sample(n));
    });
  }
};
