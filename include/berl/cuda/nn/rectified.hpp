#pragma once
#include <berl/nn/activated.hpp>  // Unchanged, Rectified, RectifiedBy

/// What a norm hands its values on to, for one channel on the GPU: value(v), pull(v, dy) and, where it learns, learnt(v, dy).
namespace berl::nn::detail {
struct UnchangedChannel {
  template <class T>
  BERL_FN static T value(T v) {
    return v;
  }
  template <class T>
  BERL_FN static T pull(T, T dy) {
    return dy;
  }
};
template <class F>
struct RectifiedChannel {
  template <class T>
  BERL_FN static T value(T v) {
    return F::value(v);
  }
  template <class T>
  BERL_FN static T pull(T v, T dy) {
    return dy * F::slope(v);
  }
};
template <class F, class T>
struct RectifiedByChannel {
  T weight;
  BERL_FN T value(T v) const { return F::value(v, weight); }
  BERL_FN T pull(T v, T dy) const { return F::pull(v, weight, dy); }
  BERL_FN static T learnt(T v, T dy) { return F::learnt(v, dy); }
};
BERL_FN UnchangedChannel channel_of(Unchanged, int) { return {}; }
template <class F>
BERL_FN RectifiedChannel<F> channel_of(Rectified<F>, int) {
  return {};
}
template <class F, class T>
BERL_FN RectifiedByChannel<F, T> channel_of(RectifiedBy<F, T> const& a, int c) {
  return {a.weight[c]};
}
}  // namespace berl::nn::detail
