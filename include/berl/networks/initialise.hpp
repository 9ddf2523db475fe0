#pragma once
#include <berl/core/random.hpp>  // Random, named
#include <berl/nn/state.hpp>     // ParamsOf

#include <algorithm>  // fill_n
#include <string_view>

namespace berl::networks {
/// Each parameter is drawn from a stream of its own name, so that no change elsewhere in a network moves it.
namespace detail {
/// What one element of an output is a sum of: everything but the first extent (PyTorch's fan_in, of transposed convolutions too).
template <class S>
inline constexpr int fan_in = 1;
template <int M, int... N>
inline constexpr int fan_in<Shape<M, N...>> = (1 * ... * N);

template <class T, class A>
void constant(A& array, T value) {
  std::fill_n(array.value(), A::shape::size, value);
}
template <class T, class A>
void uniform(A& array, Random random, double bound) {
  for (int i = 0; i < A::shape::size; ++i) array.value()[i] = static_cast<T>(random.uniform(-bound, bound));
}
}  // namespace detail

/// Backbones: convolutions from N(0, 0.1^2), the last layer and its bias from U(-1, 1) / sqrt(inputs), slopes 0.25, norms 1
/// and 0 (deng2019's code).
template <class T, class Params>
void initialise_backbone(Params& params, Seed seed) {
  double bound = 0;  // of the linear layer, whose weight comes before its bias
  params.visit(
      [&](Path const& path, auto& array) {
        using S = typename std::remove_cvref_t<decltype(array)>::shape;
        std::string_view const name = path.text;
        Random random(named(seed, name));
        if constexpr (S::rank == 4) {
          for (int i = 0; i < S::size; ++i) array.value()[i] = static_cast<T>(0.1 * random.template normal<double>());
        } else if (S::rank == 2 || name.ends_with("fc.bias")) {
          if (S::rank == 2) bound = 1 / std::sqrt(static_cast<double>(detail::fan_in<S>));
          detail::uniform<T>(array, random, bound);
        } else if (name.ends_with("prelu.weight")) {
          detail::constant(array, T(0.25));
        } else {
          detail::constant(array, name.ends_with("weight") || name.ends_with("running_var") ? T(1) : T(0));
        }
      },
      Path{});
}

/// Auxiliary networks: convolutions from U(-1, 1) / sqrt(fan_in), norms 1 and 0 (PyTorch's defaults).
template <class T, class Params>
void initialise_auxiliary(Params& params, Seed seed) {
  params.visit(
      [&](Path const& path, auto& array) {
        using S = typename std::remove_cvref_t<decltype(array)>::shape;
        if constexpr (S::rank >= 2)
          detail::uniform<T>(array, Random(named(seed, path.text)), 1 / std::sqrt(static_cast<double>(detail::fan_in<S>)));
        else
          detail::constant(array, std::string_view(path.text).ends_with("weight") ? T(1) : T(0));
      },
      Path{});
}

/// Small heads of linear layers: weights from N(0, 2 / outputs) (he2015, "fan out"), biases 0.
template <class T, class Params>
void initialise_head(Params& params, Seed seed) {
  params.visit(
      [&](Path const& path, auto& array) {
        using S = typename std::remove_cvref_t<decltype(array)>::shape;
        if constexpr (S::rank >= 2) {
          Random random(named(seed, path.text));
          double const deviation = std::sqrt(2.0 / (S::size / detail::fan_in<S>));
          for (int i = 0; i < S::size; ++i) array.value()[i] = static_cast<T>(deviation * random.template normal<double>());
        } else {
          detail::constant(array, T(0));
        }
      },
      Path{});
}
}  // namespace berl::networks
