#pragma once
#include <berl/core/config.hpp>  // BERL_FN

namespace berl {
/// A team of one: what a block's threads do together on a GPU (cuda/team.hpp says what a team is) it does alone, on any device.
struct Solo {
  static constexpr int size = 1;
  BERL_FN static constexpr int rank() { return 0; }
  BERL_FN static constexpr void sync() {}
  BERL_FN static constexpr void raise(unsigned long long& to, unsigned long long v) { to = v > to ? v : to; }
  template <class T, int n>
  BERL_FN static constexpr void sum(T (&)[n]) {}
};
}  // namespace berl
