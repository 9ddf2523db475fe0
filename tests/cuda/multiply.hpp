#pragma once
#include <berl/cuda/blas.hpp>

namespace berl::gpu {
/// The definition of a product.
template <class T>
void multiply(ProductShape const& s, T const* a, T const* b, T const* bias, T const* base, T* to) {
  for (int i = 0; i < s.rows; ++i)
    for (int j = 0; j < s.columns; ++j) {
      T sum = base != nullptr ? base[i * s.to_row + j] : T(0);
      for (int k = 0; k < s.depth; ++k)
        sum += (s.a_transposed ? a[k * s.a_row + i] : a[i * s.a_row + k]) * (s.b_transposed ? b[j * s.b_row + k] : b[k * s.b_row + j]);
      to[i * s.to_row + j] = s.biased ? sum + bias[j] : sum;
    }
}
}  // namespace berl::gpu
