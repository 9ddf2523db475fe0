#pragma once
#include <berl/core/shape.hpp>  // broadcasts, channels

/// A relation between two things is asserted in a small template that names just these two, so that the compiler's
/// first line shows nothing else. `type` exists even then, so that no second error follows.
namespace berl::check {
template <class A, class B>
struct Broadcast {
  static_assert(broadcasts<A, B>,
                "berl: two shapes do not broadcast. Axis by axis they must be equal, or one of them 1; "
                "a value per sample is Shape<1, 1, 1>.");
  using type = typename broadcast<A, B>::type;
};

template <class In, int C>
struct Channels {
  static_assert(channels<In> == C,
                "berl: the input has another number of channels than the layer. The first extent of Shape<C, H, W> must be "
                "the layer's C.");
  using type = In;
};
}  // namespace berl::check
