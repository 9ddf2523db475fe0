#pragma once
#include <berl/losses/any_head.hpp>  // AnyHead
#include <berl/losses/heads.hpp>     // with_head

namespace berl::losses {
/// The head of these settings, for embeddings of shape S. Compiles the pass of every head: keep it in a unit of its own.
///   errors  Error: as with_head()
template <class S, class T = float>
AnyHead<S, T> make_head(HeadSettings const& settings) {
  AnyHead<S, T> made;
  with_head(settings, [&](auto const& head) { made = AnyHead<S, T>(head); });
  return made;
}
}  // namespace berl::losses
