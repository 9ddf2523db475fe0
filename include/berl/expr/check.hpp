#pragma once

#include <type_traits>  // is_same_v

/// The sentences of expressions; see core/check.hpp.
namespace berl::check {
template <class Leaf, class View>
struct BoundShape {
  static_assert(std::is_same_v<Leaf, View>,
                "berl::expr::bind: the view has another shape than the leaf. Bind a view or tensor of the leaf's own shape.");
  static constexpr bool ok = true;
};

template <class Leaf, bool bound>
struct IsBound {
  static_assert(bound, "berl::expr: the expression uses a leaf that has no view. Add `leaf = view` for it to bind().");
  static constexpr bool ok = true;
};

template <class Leaf, bool bound>
struct HasGradient {
  static_assert(bound, "berl::expr::gradient: a leaf of wrt() has no view for its gradient. Add `leaf = view` for it to the last bind().");
  static constexpr bool ok = true;
};

template <class Leaf, bool used>
struct IsUsed {
  static_assert(used, "berl::expr::gradient: wrt() names a leaf that the expression does not use. Leave it out.");
  static constexpr bool ok = true;
};

template <int A, int B>
struct EqualChannels {
  static_assert(A == B,
                "berl::expr: dot and cross need two vectors with the same number of channels. Use channel<K>() or stack() to match them.");
  static constexpr bool ok = true;
};

template <int C>
struct ThreeChannels {
  static_assert(C == 3, "berl::expr::cross: a cross product needs vectors of 3 channels, x, y and z.");
  static constexpr bool ok = true;
};

template <int C>
struct OneChannel {
  static_assert(C == 1, "berl::expr::stack: each of the three parts must have one channel. Use channel<K>() to pick one.");
  static constexpr bool ok = true;
};

template <int K, int C>
struct ChannelExists {
  static_assert(K >= 0 && K < C, "berl::expr::channel<K>: K must be a channel of the node, counted from 0.");
  static constexpr bool ok = true;
};

template <class Node, class View>
struct ResultShape {
  static_assert(std::is_same_v<Node, View>,
                "berl::expr: the result's view has another shape than the expression. Use Shape = shape_of<expression>.");
  static constexpr bool ok = true;
};

template <class Reduction>
struct Named {
  static_assert(sizeof(Reduction) == 0,
                "berl::expr: a sum or mean inside a larger expression needs a name, since it is computed beforehand. Write let<struct "
                "Name>(mean(x)).");
  static constexpr bool ok = true;
};
}  // namespace berl::check
