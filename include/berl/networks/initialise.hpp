#pragma once
#include <berl/core/random.hpp>  // Random, named
#include <berl/nn/array.hpp>     // Each, Array

#include <algorithm>  // fill
#include <cmath>      // sqrt

namespace berl::networks {
/// Each parameter is drawn from a stream of its own name, so that no change elsewhere in a network moves it.
namespace detail {
/// What one element of an output is a sum of: everything but the first extent (PyTorch's fan_in, of transposed convolutions too).
template <class T>
double fan_in(nn::Array<T> const& array) {
  return static_cast<double>(array.values.size()) / static_cast<double>(array.extents.front());
}
template <class T>
void constant(nn::Array<T> const& array, T value) {
  std::fill(array.values.begin(), array.values.end(), value);
}
template <class T>
void uniform(nn::Array<T> const& array, Random random, double bound) {
  for (T& x : array.values) x = static_cast<T>(random.uniform(-bound, bound));
}
template <class T>
void normal(nn::Array<T> const& array, Random random, double deviation) {
  for (T& x : array.values) x = static_cast<T>(deviation * random.template normal<double>());
}
}  // namespace detail

/// Calls draw(array, random, bound) for the weights and the biases of a network, where bound is 1 / sqrt(inputs) of the weight, or of the
/// weight before the bias. What begins with one value has it then: norms 1 and 0, slopes 0.25.
template <class T, class Params, class F>
void initialise(Params& params, Seed seed, F&& draw) {
  double bound = 0;
  params.visit(nn::Each<T>([&](nn::Array<T> const& array) {
                 if (array.extents.size() >= 2) bound = 1 / std::sqrt(detail::fan_in(array));
                 if (array.initial)
                   detail::constant(array, static_cast<T>(*array.initial));
                 else
                   draw(array, Random(named(seed, array.name)), bound);
               }),
               Path{});
}

/// Backbones: convolutions from N(0, 0.1^2), linear layers and all biases from U(-1, 1) / sqrt(inputs) (deng2019's code).
template <class T, class Params>
void initialise_backbone(Params& params, Seed seed) {
  initialise<T>(params, seed, [](nn::Array<T> const& array, Random const& random, double bound) {
    if (array.extents.size() == 4)
      detail::normal(array, random, 0.1);
    else
      detail::uniform(array, random, bound);
  });
}

/// Auxiliary networks: everything from U(-1, 1) / sqrt(inputs) (PyTorch's defaults).
template <class T, class Params>
void initialise_auxiliary(Params& params, Seed seed) {
  initialise<T>(params, seed, [](auto const& array, Random const& random, double bound) { detail::uniform(array, random, bound); });
}

/// Small heads of linear layers: weights from N(0, 2 / outputs) (he2015, "fan out"), biases 0.
template <class T, class Params>
void initialise_head(Params& params, Seed seed) {
  initialise<T>(params, seed, [](nn::Array<T> const& array, Random const& random, double) {
    if (array.extents.size() >= 2)
      detail::normal(array, random, std::sqrt(2.0 / static_cast<double>(array.extents.front())));
    else
      detail::constant(array, T(0));
  });
}
}  // namespace berl::networks
