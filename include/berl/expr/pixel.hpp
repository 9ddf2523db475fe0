#pragma once
#include <berl/expr/lists.hpp>  // lets_of, leaves_of

namespace berl::expr::detail {
/// Where pixel p of a map of shape S lies in a leaf's plane: a leaf may have one column or one row for all.
template <class Leaf, class S>
BERL_FN constexpr int plane_index(int p) {
  if constexpr (plane<Leaf> == plane<S>)
    return p;
  else if constexpr (plane<Leaf> == 1)
    return 0;
  else if constexpr (width<Leaf> == 1)
    return p / width<S>;
  else
    return p % width<S>;
}

// --- values of one sample -------------------------------------------------------------------------
/// Maps are read where they lie; a value per sample is copied, so that no store can be taken to change it.
/// A leaf bound to a batch of one is the same for all samples.
template <class L, class T>
struct Row {
  static constexpr int C = channels<typename L::shape>, P = plane<typename L::shape>;
  T const* data;
  BERL_FN constexpr explicit Row(T const* sample) : data(sample) {}
  template <class S>
  BERL_FN constexpr T at(int c, int p) const {
    return data[(C == 1 ? 0 : c) * P + plane_index<typename L::shape, S>(p)];
  }
};
template <class L, class T>
  requires(plane<typename L::shape> == 1)
struct Row<L, T> {
  static constexpr int C = channels<typename L::shape>;
  T value[C];
  BERL_FN constexpr explicit Row(T const* sample) {
    for (int c = 0; c < C; ++c) value[c] = sample[c];
  }
  template <class S>
  BERL_FN constexpr T at(int c, int) const {
    return value[C == 1 ? 0 : c];
  }
};
/// A let of one pixel.
template <class L, class T>
struct Once {
  static constexpr int C = channels<typename L::shape>;
  T value[C] = {};
};

template <class T, class Leaves, class SampleLets = Types<>>
struct Rows;
template <class T, class... Ls, class... Os>
struct Rows<T, Types<Ls...>, Types<Os...>> : Row<Ls, T>..., Once<Os, T>... {
  template <class B>
  BERL_FN constexpr Rows(B const& values, int n) : Row<Ls, T>(values[Ls{}].sample(values[Ls{}].batch() == 1 ? 0 : n))... {}
  template <class L, class S>
  BERL_FN constexpr T load(int c, int p) const {
    return static_cast<Row<L, T> const&>(*this).template at<S>(c, p);
  }
  template <class L>
  BERL_FN constexpr T once(int c) const {
    return static_cast<Once<L, T> const&>(*this).value[Once<L, T>::C == 1 ? 0 : c];
  }
};

// --- values of one pixel --------------------------------------------------------------------------
struct NoLets {};
template <class L, class Traced, class Outer>
struct Known : Outer {
  Traced t[channels<typename L::shape>];
};
template <class L, class Tr, class O>
BERL_FN constexpr auto const& find(Known<L, Tr, O> const& k) {
  return k.t;
}

/// The element that is being computed: channel c of pixel p, of a region of shape S.
template <class T, class S, class R, class K>
struct At {
  using value_type = T;
  R const& rows;
  K const& known;
  int c, p;
  template <class L>
  BERL_FN constexpr T load() const {
    return rows.template load<L, S>(c, p);
  }
  template <class L>
  BERL_FN constexpr T value() const {
    if constexpr (per_sample<L>)
      return rows.template once<L>(c);
    else
      return find<L>(known)[channels<typename L::shape> == 1 ? 0 : c].y;
  }
  BERL_FN constexpr At channel(int k) const { return {rows, known, k, p}; }
};

// --- gradients of one pixel -----------------------------------------------------------------------
template <class X, class T>
struct Slot {
  T d[channels<typename X::shape>] = {};
};
/// Collects what is handed down: to the leaves that are wanted, and to the lets, of which those above a wanted leaf matter.
template <class T, class Wrt, class Lets>
struct Slots;
template <class T, class... Ws, class... Ls>
struct Slots<T, Types<Ws...>, Types<Ls...>> : Slot<Ws, T>..., Slot<Ls, T>... {
  static constexpr bool keeps_traces = true;
  int c = 0;
  template <class N>
  static constexpr bool wants = (uses<N, Ws> || ...);
  template <class X>
  BERL_FN constexpr void add(T dx) {
    static_cast<Slot<X, T>&>(*this).d[channels<typename X::shape> == 1 ? 0 : c] += dx;
  }
  template <class X>
  BERL_FN constexpr T at(int i) const {
    return static_cast<Slot<X, T> const&>(*this).d[i];
  }
};
struct NoSink {
  static constexpr bool keeps_traces = false;
  template <class>
  static constexpr bool wants = false;
};

/// All channels of pixel p: the lets in order, then body(known), then the lets pulled in reverse order.
template <class T, class Tree, class R, class K, class Sink, class Body>
BERL_FN constexpr void pixel(Tree const&, R const&, K const& known, int, Sink&, Types<>, Body const& body) {
  body(known);
}
template <class T, class Tree, class R, class K, class Sink, class L, class... Ls, class Body>
BERL_FN constexpr void pixel(Tree const& tree, R const& rows, K const& known, int p, Sink& sink, Types<L, Ls...>, Body const& body) {
  constexpr int C = channels<typename L::shape>;
  auto const& let = inside<L>(tree);
  using A = At<T, typename Tree::shape, R, K>;
  using Whole = decltype(let.a.trace(std::declval<A>()));
  Known<L, std::conditional_t<Sink::keeps_traces, Whole, Traced<T>>, K> next;
  static_cast<K&>(next) = known;
  for_channels<C>([&](int c) {
    if constexpr (Sink::keeps_traces)
      next.t[c] = let.a.trace(A{rows, known, c, p});
    else
      next.t[c].y = let.a.trace(A{rows, known, c, p}).y;
  });
  pixel<T>(tree, rows, next, p, sink, Types<Ls...>{}, body);
  if constexpr (Sink::template wants<L>)
    for_channels<C>([&](int c) {
      sink.c = c;
      let.a.pull(next.t[c], sink.template at<L>(c), sink);
    });
}

/// Shared by host and device. Lambdas stand inside BERL_FN functions only: there nvcc lets both sides call them.
template <class T, class N, class R, int C>
BERL_FN constexpr void evaluate_pixel(N const& node, R const& rows, int p, T (&y)[C]) {
  NoSink sink;
  pixel<T>(node, rows, NoLets{}, p, sink, lets_of<N>{}, [&](auto const& known) {
    for_channels<C>([&](int c) {
      y[c] = node.trace(At<T, typename N::shape, R, std::remove_cvref_t<decltype(known)>>{rows, known, c, p}).y;
    });
  });
}
/// dy(c, p) is the gradient of channel c of pixel p.
template <class T, class N, class R, class Sink, class Dy>
BERL_FN constexpr void pull_pixel(N const& node, R const& rows, int p, Dy const& dy, Sink& sink) {
  pixel<T>(node, rows, NoLets{}, p, sink, lets_of<N>{}, [&](auto const& known) {
    for_channels<channels<typename N::shape>>([&](int c) {
      sink.c = c;
      node.pull(node.trace(At<T, typename N::shape, R, std::remove_cvref_t<decltype(known)>>{rows, known, c, p}), dy.at(c, p), sink);
    });
  });
}
/// A map of gradients, and a gradient that is the same for all pixels.
template <class T, int P>
struct MapDy {
  T const* dy;
  BERL_FN constexpr T at(int c, int p) const { return dy[c * P + p]; }
};
template <class T, int C>
struct SameDy {
  T dy[C];
  BERL_FN constexpr T at(int c, int) const { return dy[C == 1 ? 0 : c]; }
};
}  // namespace berl::expr::detail
