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

/// Backbones: convolutions from N(0, 0.1^2), the last layer and its bias from U(-1, 1) / sqrt(inputs), slopes 0.25, norms 1
/// and 0 (deng2019's code).
template <class T, class Params>
void initialise_backbone(Params& params, Seed seed) {
  double bound = 0;  // of the linear layer, whose weight comes before its bias
  params.visit(nn::Each<T>([&](nn::Array<T> const& array) {
                 auto const rank = array.extents.size();
                 std::string const& name = array.name;
                 Random const random(named(seed, name));
                 if (rank == 4) {
                   detail::normal(array, random, 0.1);
                 } else if (rank == 2 || name.ends_with("fc.bias")) {
                   if (rank == 2) bound = 1 / std::sqrt(detail::fan_in(array));
                   detail::uniform(array, random, bound);
                 } else if (name.ends_with("prelu.weight")) {
                   detail::constant(array, T(0.25));
                 } else {
                   detail::constant(array, name.ends_with("weight") || name.ends_with("running_var") ? T(1) : T(0));
                 }
               }),
               Path{});
}

/// Auxiliary networks: convolutions from U(-1, 1) / sqrt(fan_in), norms 1 and 0 (PyTorch's defaults).
template <class T, class Params>
void initialise_auxiliary(Params& params, Seed seed) {
  params.visit(nn::Each<T>([&](nn::Array<T> const& array) {
                 if (array.extents.size() >= 2)
                   detail::uniform(array, Random(named(seed, array.name)), 1 / std::sqrt(detail::fan_in(array)));
                 else
                   detail::constant(array, array.name.ends_with("weight") ? T(1) : T(0));
               }),
               Path{});
}

/// Small heads of linear layers: weights from N(0, 2 / outputs) (he2015, "fan out"), biases 0.
template <class T, class Params>
void initialise_head(Params& params, Seed seed) {
  params.visit(nn::Each<T>([&](nn::Array<T> const& array) {
                 if (array.extents.size() >= 2)
                   detail::normal(array, Random(named(seed, array.name)), std::sqrt(2.0 / static_cast<double>(array.extents.front())));
                 else
                   detail::constant(array, T(0));
               }),
               Path{});
}
}  // namespace berl::networks
