#pragma once
#include <berl/core/device.hpp>       // Context
#include <berl/core/view.hpp>         // Read, Write
#include <berl/expr/add.hpp>          // a - b
#include <berl/expr/evaluate.hpp>     // evaluate
#include <berl/expr/functions.hpp>    // tanh
#include <berl/expr/gradient.hpp>     // gradient
#include <berl/expr/let.hpp>          // let
#include <berl/expr/multiply.hpp>     // a * b
#include <berl/expr/reduce.hpp>       // mean
#include <berl/imaging/settings.hpp>  // Settings

namespace berl::imaging {
/// The canonical depth from the depth network's raw map z (wu2020), as an expression.
///   z' = z - mean of z over the image,  t = tanh z'
///   d  = (1 + t) / 2 depth_max + (1 - t) / 2 depth_min, but border_depth() in the two outermost columns on either side
/// units  lengths: 1 is the distance from the camera to the face
namespace depth {
template <int S>
inline constexpr auto raw = expr::leaf<struct Raw, Shape<1, S, S>>;  // z
template <int S>
inline constexpr auto inner = expr::leaf<struct Inner, Shape<1, 1, S>>;  // 1 in the columns that are seen, 0 in the border

/// The row of `inner`, the same for all samples.
template <class T, int S>
struct Columns {
  static_assert(S >= 5, "berl::imaging: a depth map with a border of two columns on either side needs at least 5 columns.");
  T with_border[S] = {}, all[S] = {};
  constexpr Columns() {
    for (int u = 0; u < S; ++u) {
      with_border[u] = u < 2 || u >= S - 2 ? T(0) : T(1);
      all[u] = T(1);
    }
  }
};
template <class T, int S>
inline constexpr Columns<T, S> columns{};

/// Where a device finds the two rows.
struct Seen {};

template <class D, class T, int S>
Read<T, Shape<1, 1, S>, D> seen(Settings const& settings) {
  auto const* const rows = Kernel<Seen, D>::template columns<T, S>();
  return {settings.border ? rows->with_border : rows->all, 1};
}

struct Bounded;  // names of a kernel's terms stand outside the function
struct MeanRaw;

/// The node for these settings is handed to body, since settings decide its type.
template <int S, class Body>
void with_node(Settings const& settings, Body const& body) {
  auto const bordered = [&](auto const& d) { return inner<S> * d + (1 - inner<S>)*settings.border_depth(); };
  if (settings.bounded_depth) {
    auto const t = expr::let<Bounded>(tanh(raw<S> - expr::let<MeanRaw>(mean(raw<S>))));
    body(bordered((1 + t) / 2 * settings.depth_max + (1 - t) / 2 * settings.depth_min));
  } else {
    body(bordered(settings.middle() + raw<S>));
  }
}
}  // namespace depth

///   shapes  raw, depth: (N, 1, S, S)
///   errors  Error, when batches differ
template <class D, class T, int S, class Depth>
void canonical_depth(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> raw, Depth depth) {
  auto const known = bind(depth::raw<S> = raw, depth::inner<S> = depth::seen<D, T, S>(settings));
  depth::with_node<S>(settings, [&](auto const& node) { expr::evaluate(ctx, node, known, depth); });
}
/// The border columns receive no gradient of their own, but their share of the mean's. d_raw is a Write, an Add or a Skip.
template <class D, class T, int S, class DRaw>
void canonical_depth_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<1, S, S>, D> raw, Read<T, Shape<1, S, S>, D> d_depth,
                              DRaw d_raw) {
  auto const known = bind(depth::raw<S> = raw, depth::inner<S> = depth::seen<D, T, S>(settings));
  depth::with_node<S>(settings, [&](auto const& node) {
    expr::gradient(ctx, node, expr::wrt(depth::raw<S>), known, d_depth, bind(depth::raw<S> = d_raw));
  });
}
}  // namespace berl::imaging

template <>
struct berl::Kernel<berl::imaging::depth::Seen, berl::Host> {
  template <class T, int S>
  static imaging::depth::Columns<T, S> const* columns() {
    return &imaging::depth::columns<T, S>;
  }
};
