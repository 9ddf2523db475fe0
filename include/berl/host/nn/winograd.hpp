#pragma once
#include <berl/host/simd.hpp>  // Vector

#include <array>

/// Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5) (lavin2016): from 6 x 6 inputs, 4 x 4 outputs of a 3 x 3 convolution by 36 products
/// instead of 144, or 2 x 2 of a 5 x 5 by 36 instead of 100. Along one axis, m outputs y, six inputs d and K = 7 - m weights w are
///   y = A^T ((G w) . (B^T d)),  A^T: m x 6, G: 6 x K, B^T: 6 x 6
/// that is, polynomials d and w are multiplied at the points 0, a, -a, b, -b and infinity. With a = 5/8 and b = 3/2, which floats hold
/// exactly, the error is about that of a plain sum in float: for 3 x 3 and 256 channels 1.0e-6 of the result against 0.9e-6, where the
/// usual points 1 and 2 give 1.9e-6.
namespace berl::host::winograd {
inline constexpr int inputs = 6, points = inputs * inputs;
/// Outputs of a tile along one axis, for kernels of K.
constexpr int outputs(int K) { return inputs + 1 - K; }

namespace detail {
inline constexpr double a = 0.625, b = 1.5, aa = a * a, bb = b * b;
inline constexpr double at_zero = 1 / (aa * bb), at_a = 1 / (2 * aa * (aa - bb)), at_b = 1 / (2 * bb * (bb - aa));  // 1 / N_p
template <class T>
constexpr T power(double x, int n) {
  double y = 1;
  for (int i = 0; i < n; ++i) y *= x;
  return static_cast<T>(y);
}

/// B^T d
template <class T, class V>
inline void input_points(V const (&d)[6], V (&t)[6]) {
  constexpr T sum = static_cast<T>(aa + bb), product = static_cast<T>(aa * bb);
  V const even_a = d[4] - static_cast<T>(bb) * d[2], odd_a = static_cast<T>(a) * (d[3] - static_cast<T>(bb) * d[1]);
  V const even_b = d[4] - static_cast<T>(aa) * d[2], odd_b = static_cast<T>(b) * (d[3] - static_cast<T>(aa) * d[1]);
  t[0] = d[4] - sum * d[2] + product * d[0];
  t[1] = even_a + odd_a;
  t[2] = even_a - odd_a;
  t[3] = even_b + odd_b;
  t[4] = even_b - odd_b;
  t[5] = d[5] - sum * d[3] + product * d[1];
}
/// The values of a polynomial of n coefficients at the points, those at a and b times scale_a and scale_b: A y, and G w.
template <class T, int n, class V>
inline void values_of(V const (&c)[n], V (&u)[6], double scale_zero, double scale_a, double scale_b) {
  V even_a = static_cast<T>(scale_a) * c[0], even_b = static_cast<T>(scale_b) * c[0];
  V odd_a = static_cast<T>(a * scale_a) * c[1], odd_b = static_cast<T>(b * scale_b) * c[1];
#pragma GCC unroll 8
  for (int k = 2; k < n; ++k) {
    (k % 2 == 0 ? even_a : odd_a) += power<T>(a, k) * static_cast<T>(scale_a) * c[k];
    (k % 2 == 0 ? even_b : odd_b) += power<T>(b, k) * static_cast<T>(scale_b) * c[k];
  }
  u[0] = static_cast<T>(scale_zero) * c[0];
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = c[n - 1];
}
/// Its adjoint: A^T m, and G^T u.
template <class T, int n, class V>
inline void coefficients_of(V const (&u)[6], V (&c)[n], double scale_zero, double scale_a, double scale_b) {
  V const even_a = u[1] + u[2], odd_a = u[1] - u[2], even_b = u[3] + u[4], odd_b = u[3] - u[4];
#pragma GCC unroll 8
  for (int k = 0; k < n; ++k)
    c[k] = power<T>(a, k) * static_cast<T>(scale_a) * (k % 2 == 0 ? even_a : odd_a) +
           power<T>(b, k) * static_cast<T>(scale_b) * (k % 2 == 0 ? even_b : odd_b);
  c[0] += static_cast<T>(scale_zero) * u[0];
  c[n - 1] += u[5];
}
/// A y
template <class T, int m, class V>
inline void output_points(V const (&y)[m], V (&z)[6]) {
  values_of<T, m>(y, z, 1, 1, 1);
}
/// A^T m
template <class T, int m, class V>
inline void outputs_of(V const (&z)[6], V (&y)[m]) {
  coefficients_of<T, m>(z, y, 1, 1, 1);
}
/// G w
template <class T, int K, class V>
inline void weight_points(V const (&w)[K], V (&u)[6]) {
  values_of<T, K>(w, u, at_zero, at_a, at_b);
}
/// G^T u
template <class T, int K, class V>
inline void weights_of(V const (&u)[6], V (&w)[K]) {
  coefficients_of<T, K>(u, w, at_zero, at_a, at_b);
}

/// to = M from M^T for a transform M of N values to K: first down the columns, then along the rows. from(row, column) and
/// to(row, column, value) say where the values are.
template <int N, int K, class V, class Transform, class From, class To>
[[gnu::always_inline]] inline void both_axes(Transform const& transform, From const& from, To const& to) {
  V half[K][N];
#pragma GCC unroll 8
  for (int u = 0; u < N; ++u) {
    V column[N], result[K];
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) column[v] = from(v, u);
    transform(column, result);
#pragma GCC unroll 8
    for (int v = 0; v < K; ++v) half[v][u] = result[v];
  }
#pragma GCC unroll 8
  for (int v = 0; v < K; ++v) {
    V result[K];
    transform(half[v], result);
#pragma GCC unroll 8
    for (int u = 0; u < K; ++u) to(v, u, result[u]);
  }
}
}  // namespace detail
}  // namespace berl::host::winograd
