#pragma once
#include <berl/core/arena.hpp>    // padded
#include <berl/nn/structure.hpp>  // Sequential, Repeat, Residual

#include <algorithm>  // max
#include <cstdint>    // int64_t
#include <utility>    // integer_sequence

namespace berl::nn {
namespace detail {
template <class L, class F>
constexpr void for_layers(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (f(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, L::layers::size>{});
}
/// f(I) for each layer I with which a unit begins.
template <class L, class F>
constexpr void for_units(F&& f) {
  for_layers<L>([&](auto i) {
    if constexpr (begins<L, i>) f(i);
  });
}
template <class L, class In>
constexpr std::size_t widest_hidden() {
  std::size_t widest = 0;
  for_units<L>([&](auto i) {
    if constexpr (i > 0) widest = std::max(widest, static_cast<std::size_t>(HiddenOf<L, In, i>::size));
  });
  return widest;
}
template <class L, class In>
constexpr std::size_t widest_recomputed() {
  std::size_t widest = 0;
  for_units<L>([&](auto i) {
    if constexpr (recomputed<L, i>) widest = std::max(widest, static_cast<std::size_t>(HiddenOf<L, In, after<L, i>>::size));
  });
  return widest;
}
/// Elements of the sums that a norm makes while a neighbour writes what it sums over, of the norm with the most of them.
template <class L, class In>
constexpr std::size_t most_run_sums(int batch) {
  std::size_t most = 0;
  for_units<L>([&](auto i) {
    if constexpr (sums_next_input<L, i>)
      most = std::max(most, Unnamed<UnitOf<L, after<L, i>>>::template run_sums<HiddenOf<L, In, after<L, i>>>(batch));
    if constexpr (sums_own_dy<L, i>) most = std::max(most, Unnamed<UnitOf<L, i>>::template run_sums<HiddenOf<L, In, i>>(batch));
  });
  return most;
}
template <class T, class S>
constexpr std::size_t elements(int batch) {
  return padded<T>(static_cast<std::size_t>(batch) * S::size);
}
}  // namespace detail

/// Elements of T that a pass keeps between forward and backward, besides the input.
template <class L, class T, class In>
constexpr std::size_t kept(int batch) {
  if constexpr (IsSequential<L>) {
    std::size_t n = 0;
    detail::for_units<L>([&](auto i) {
      n += kept<UnitOf<L, i>, T, HiddenOf<L, In, i>>(batch);
      if constexpr (after<L, i> < L::layers::size && !recomputed<L, i>) n += detail::elements<T, HiddenOf<L, In, after<L, i>>>(batch);
    });
    return n;
  } else if constexpr (IsRepeat<L>) {
    return L::times * kept<typename L::layer, T, In>(batch) + (L::times - 1) * detail::elements<T, In>(batch);
  } else if constexpr (IsNamed<L>) {
    return kept<typename L::layer, T, In>(batch);
  } else if constexpr (IsResidual<L>) {
    return kept<typename L::shortcut, T, In>(batch) + kept<typename L::body, T, In>(batch);
  } else if constexpr (IsInNumbers<L>) {
    return room_for_numbers<T>(kept<typename L::numbers, number_of<T>, In>(batch));
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return L::template kept<T, In>(batch);
  }
}

namespace detail {
/// Whether InNumbers<...>, which computes with a wide copy of x, has its gradient in the same place.
template <class L>
inline constexpr bool wide_dx_over_x = dx_over_x<UnitOf<typename L::numbers, 0>>;
/// The scratch of a network, given by leaf.template operator()<L, T, In>() for each of its layers.
template <class L, class T, class In, class Leaf>
constexpr std::size_t scratch_of(int batch, Leaf const& leaf) {
  if constexpr (IsSequential<L>) {
    std::size_t most = 0;
    for_units<L>([&](auto i) { most = std::max(most, scratch_of<UnitOf<L, i>, T, HiddenOf<L, In, i>>(batch, leaf)); });
    return most + 2 * sizeof(T) * padded<T>(static_cast<std::size_t>(batch) * widest_hidden<L, In>()) +
           sizeof(double) * padded<double>(most_run_sums<L, In>(batch));
  } else if constexpr (IsRepeat<L>) {
    return scratch_of<typename L::layer, T, In>(batch, leaf) + 2 * sizeof(T) * elements<T, In>(batch);
  } else if constexpr (IsNamed<L>) {
    return scratch_of<typename L::layer, T, In>(batch, leaf);
  } else if constexpr (IsResidual<L>) {
    return std::max(scratch_of<typename L::shortcut, T, In>(batch, leaf), scratch_of<typename L::body, T, In>(batch, leaf));
  } else if constexpr (IsInNumbers<L>) {
    using Number = number_of<T>;
    return scratch_of<typename L::numbers, Number, In>(batch, leaf) +
           (wide_dx_over_x<L> ? 1 : 2) * sizeof(Number) * elements<Number, In>(batch);
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return leaf.template operator()<L, T, In>();
  }
}
}  // namespace detail

/// Bytes of ctx.scratch that forward or backward takes at the most.
template <class L, class T, class In>
constexpr std::size_t scratch(int batch, int threads) {
  return detail::scratch_of<L, T, In>(batch,
                                      [=]<class Layer, class E, class X>() { return Layer::template scratch<E, X>(batch, threads); });
}

/// Multiply-adds of convolutions and linear layers for one sample (spec: biases and norms do not count).
template <class L, class In>
constexpr std::int64_t macs() {
  if constexpr (IsSequential<L>) {
    std::int64_t n = 0;
    detail::for_layers<L>([&](auto i) { n += macs<layer_of<L, i>, HiddenOf<L, In, i>>(); });
    return n;
  } else if constexpr (IsRepeat<L>) {
    return L::times * macs<typename L::layer, In>();
  } else if constexpr (IsNamed<L>) {
    return macs<typename L::layer, In>();
  } else if constexpr (IsResidual<L>) {
    return macs<typename L::body, In>() + macs<typename L::shortcut, In>();
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return L::template macs<In>;
  }
}
}  // namespace berl::nn
