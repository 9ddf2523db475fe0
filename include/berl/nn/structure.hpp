#pragma once
#include <berl/nn/layer.hpp>  // Layer

#include <algorithm>    // copy_n
#include <cstddef>      // size_t
#include <type_traits>  // conditional_t, is_same_v

/// How layers make up a network, and the shapes between them.
namespace berl::nn {
template <class... Ls>
struct List {
  static constexpr int size = sizeof...(Ls);
};

/// Layers one after the other. A network is a named struct, struct Stem : Sequential<...> {}, so that what runs over it,
/// and every error and symbol, says Stem.
template <class... Ls>
struct Sequential {
  using layers = List<Ls...>;
};
/// N equal layers, compiled once. In a Sequential they count as N.
template <int N, class L>
struct Repeat {
  static_assert(N >= 1, "berl::nn::Repeat<N, L>: N, how often the layer comes, must be at least 1.");
  static constexpr int times = N;
  using layer = L;
};
/// A text as a template argument.
template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(char const (&from)[N]) { std::copy_n(from, N, text); }
};
/// A layer that is saved under a name of its own instead of its number.
template <Name name, class L>
struct Named {
  using layer = L;
  static constexpr char const* saved_as = name.text;
};
struct Identity {};
/// The end of a network whose maps are stored in fewer bits than numbers: it takes such a map, and computes and gives numbers. Among the
/// layers of a Sequential its own count as if they stood there themselves.
template <class... Ls>
struct InNumbers : Layer {
  static constexpr bool dx_over_x = true;  // backward reads x into scratch first
  using numbers = Sequential<Ls...>;
};
/// y = body(x) + shortcut(x). The body's last layer adds to what the shortcut has left.
///   shapes  body and shortcut: In to the same Out; without a shortcut Out is In
template <class Body, class Shortcut = Identity>
struct Residual {
  using body = Body;
  using shortcut = Shortcut;
};

template <class L>
concept IsSequential = requires { typename L::layers; };
template <class L>
concept IsRepeat = requires { L::times; };
template <class L>
concept IsResidual = requires { typename L::body; };
template <class L>
concept IsNamed = requires { L::saved_as; };
template <class L>
concept IsInNumbers = requires { typename L::numbers; };

namespace detail {
template <int I, class L, class... Ls>
struct at : at<I - 1, Ls...> {};
template <class L, class... Ls>
struct at<0, L, Ls...> {
  using type = L;
};
template <int I, class List>
struct layer_at;
template <int I, class... Ls>
struct layer_at<I, List<Ls...>> : at<I, Ls...> {};
template <class L>
inline constexpr int count = 1;  // how many numbers an entry takes
template <int N, class L>
inline constexpr int count<Repeat<N, L>> = N;

template <class A, class B>
struct SameShape {
  static_assert(std::is_same_v<A, B>,
                "berl::nn::Residual, Repeat: the shapes do not fit. A residual body and its shortcut must give the same shape, and what is "
                "repeated must give the shape that it takes.");
  using type = B;
};
}  // namespace detail
template <class L, int I>
using layer_of = typename detail::layer_at<I, typename L::layers>::type;

template <class L, class In>
struct output_of {
  using type = typename L::template output<In>;
};
template <class L, class In>
using OutputOf = typename output_of<L, In>::type;

template <class L>
struct unnamed {
  using type = L;
};
template <IsNamed L>
struct unnamed<L> : unnamed<typename L::layer> {};
template <class L>
using Unnamed = typename unnamed<L>::type;

/// Neighbours of a Sequential that run as one layer, A::joined<B>: what lies between them is neither stored nor kept.
template <class A, class B>
concept Joins = requires { typename Unnamed<A>::template joined<Unnamed<B>>; };
/// How many layers of a Sequential run as one from layer I on: 2 or 1.
template <class L, int I>
inline constexpr int together = [] {
  if constexpr (I + 1 < L::layers::size)
    return Joins<layer_of<L, I>, layer_of<L, I + 1>> ? 2 : 1;
  else
    return 1;
}();
/// Whether a unit begins at layer I, or is the layer before still running.
template <class L, int I>
inline constexpr bool begins = [] {
  if constexpr (I == 0)
    return true;
  else
    return !begins<L, I - 1> || together<L, I - 1> == 1;
}();
template <class L, int I, int count = together<L, I>>
struct unit_of {
  using type = layer_of<L, I>;
};
template <class L, int I>
struct unit_of<L, I, 2> {
  using type = typename Unnamed<layer_of<L, I>>::template joined<Unnamed<layer_of<L, I + 1>>>;
};
/// What runs from layer I on.
template <class L, int I>
using UnitOf = typename unit_of<L, I>::type;
/// The layers from I on give the input of layer after<L, I>.
template <class L, int I>
inline constexpr int after = I + together<L, I>;

namespace detail {
/// A layer, or in the place of a network, which says nothing of itself, Layer.
template <class L>
using Said = std::conditional_t<requires { Unnamed<L>::in_place; }, Unnamed<L>, Layer>;
}  // namespace detail
/// What a layer says of itself (layer.hpp), and false for a network.
template <class L>
inline constexpr bool in_place = detail::Said<L>::in_place;
template <class L>
inline constexpr bool dx_over_x = detail::Said<L>::dx_over_x;
template <class L>
inline constexpr bool recomputes = detail::Said<L>::recomputes;
template <class L>
inline constexpr bool tells_runs = detail::Said<L>::tells_runs;
template <class L>
inline constexpr bool sums_runs = detail::Said<L>::sums_runs;
/// Whether a pass does not keep what the layers from I on give, but backward computes it again: from their input, which is kept then, and
/// into the place of its own gradient, just before the next layer reads it and writes that. The next layer's dy lies elsewhere.
template <class L, int I>
inline constexpr bool recomputed = [] {
  if constexpr (!begins<L, I> || after<L, I> >= L::layers::size) {
    return false;
  } else {
    using Next = UnitOf<L, after<L, I>>;
    if constexpr (!recomputes<UnitOf<L, I>> || !dx_over_x<Next> || in_place<Next>) {
      return false;
    } else if constexpr (I == 0) {
      return true;
    } else {
      constexpr int before = begins<L, I - 1> ? I - 1 : I - 2;
      return !recomputed<L, before>;
    }
  }
}();
/// Whether the layers behind those from I on sum over the runs of their input while these write them.
template <class L, int I>
inline constexpr bool sums_next_input = [] {
  using Unit = UnitOf<L, I>;
  static_assert(
      !sums_runs<Unit> || (!tells_runs<Unit> && !dx_over_x<Unit>),
      "berl::nn: a layer with sums_runs has neither tells_runs nor dx_over_x: its sums and its input must outlive what it writes.");
  if constexpr (after<L, I> < L::layers::size)
    return tells_runs<Unit> && sums_runs<UnitOf<L, after<L, I>>>;
  else
    return false;
}();
/// Whether the layers from I on sum over the runs of their dy while the layers behind them write them.
template <class L, int I>
inline constexpr bool sums_own_dy = [] {
  if constexpr (after<L, I> < L::layers::size)
    return sums_runs<UnitOf<L, I>> && tells_runs<UnitOf<L, after<L, I>>>;
  else
    return false;
}();

/// The shape that layer I of a Sequential takes; I = size is what comes out.
template <class L, class In, int I>
struct hidden_of {
  using type = OutputOf<layer_of<L, I - 1>, typename hidden_of<L, In, I - 1>::type>;
};
template <class L, class In>
struct hidden_of<L, In, 0> {
  using type = In;
};
template <class L, class In, int I>
using HiddenOf = typename hidden_of<L, In, I>::type;

template <IsSequential L, class In>
struct output_of<L, In> {
  using type = HiddenOf<L, In, L::layers::size>;
};
template <IsRepeat L, class In>
struct output_of<L, In> : detail::SameShape<OutputOf<typename L::layer, In>, In> {};
template <IsNamed L, class In>
struct output_of<L, In> : output_of<typename L::layer, In> {};
template <IsResidual L, class In>
struct output_of<L, In> : detail::SameShape<OutputOf<typename L::shortcut, In>, OutputOf<typename L::body, In>> {};
template <IsInNumbers L, class In>
struct output_of<L, In> : output_of<typename L::numbers, In> {};
template <class In>
struct output_of<Identity, In> {
  using type = In;
};
}  // namespace berl::nn
