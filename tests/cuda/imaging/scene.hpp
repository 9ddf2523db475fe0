#pragma once
#include "../compare.hpp"

#include <berl/imaging/settings.hpp>

#include <cmath>

namespace berl::gpu {
/// A face-like bump of depth, a little rough, and views from all sides.
template <class T, int S>
Tensor<T, Shape<1, S, S>> bump(int batch) {
  auto depth = filled<T, Shape<1, S, S>>(batch, "rough", -1e-4, 1e-4);
  for (std::size_t i = 0; i < depth.size(); ++i) {
    double const u = static_cast<double>(i % S) / (S - 1) - 0.5, v = static_cast<double>(i / S % S) / (S - 1) - 0.5;
    depth[i] += static_cast<T>(1.04 - 0.08 * std::exp(-12 * (u * u + v * v)));
  }
  return depth;
}
template <class T>
Tensor<T, Shape<6, 1, 1>> views(int batch) {
  return filled<T, Shape<6, 1, 1>>(batch, "view", -0.6, 0.6);
}
}  // namespace berl::gpu
