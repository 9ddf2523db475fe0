#pragma once
#include <berl/host/simd.hpp>  // Vector

#include <algorithm>  // min, fill_n
#include <cstddef>    // ptrdiff_t

/// The product of matrices, for one thread and without memory from the heap. Columns of b are copied, three vectors wide,
/// into a panel that stays in the first cache; a tile of tile_rows by three vectors of c stays in registers.
namespace berl::host {
/// Element (i, k) is data[i row + k column]: a matrix or, with the two exchanged, its transpose.
template <class T>
struct Strided {
  T const* data;
  std::ptrdiff_t row, column;
};

namespace detail {
inline constexpr int panel_rows = 256, panel_vectors = 3;

/// c[m][n] += sum over k of a(m, k) panel[k][n], for `rows` rows and `width` columns that fit into one tile
template <int Vectors, class T>
void add_tile(Strided<T> a, int rows, T const* panel, int depth, int width, T* c, std::ptrdiff_t c_row) {
  using V = Vector<T>;
  constexpr int L = lanes_of<T>;
  V sums[tile_rows][Vectors] = {};
  T const* from[tile_rows];
  for (int m = 0; m < tile_rows; ++m) from[m] = a.data + std::min(m, rows - 1) * a.row;  // what is missing is computed twice
  for (int k = 0; k < depth; ++k) {
    V b[Vectors];
    for (int v = 0; v < Vectors; ++v) load<T>(b[v], panel + (k * Vectors + v) * L);
#pragma GCC unroll 16  // otherwise the sums leave the registers at -O2
    for (int m = 0; m < tile_rows; ++m)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sums[m][v] += from[m][k * a.column] * b[v];
  }
  for (int m = 0; m < rows; ++m) {
    T* const to = c + m * c_row;
    if (width == Vectors * L) {
      for (int v = 0; v < Vectors; ++v) {
        V old;
        load<T>(old, to + v * L);
        store<T>(to + v * L, old + sums[m][v]);
      }
    } else {
      T line[Vectors * L];
      for (int v = 0; v < Vectors; ++v) store<T>(line + v * L, sums[m][v]);
      for (int n = 0; n < width; ++n) to[n] += line[n];
    }
  }
}
template <int Vectors, class T>
void add_panel(Strided<T> a, int rows, T const* b, std::ptrdiff_t b_row, int depth, int width, T* c, std::ptrdiff_t c_row) {
  constexpr int W = Vectors * lanes_of<T>;
  alignas(vector_bytes) T panel[panel_rows * W];
  for (int k = 0; k < depth; ++k) {
    std::copy_n(b + k * b_row, width, panel + k * W);
    std::fill_n(panel + k * W + width, W - width, T(0));
  }
  for (int m = 0; m < rows; m += tile_rows)
    add_tile<Vectors>(Strided<T>{a.data + m * a.row, a.row, a.column}, std::min(tile_rows, rows - m), panel, depth, width, c + m * c_row,
                      c_row);
}
}  // namespace detail

/// c += a b with a: rows x depth, b: depth x columns (row after row, b_row apart), c: rows x columns (c_row apart)
template <class T>
void add_product(Strided<T> a, int rows, T const* b, std::ptrdiff_t b_row, int depth, int columns, T* c, std::ptrdiff_t c_row) {
  constexpr int L = lanes_of<T>, W = detail::panel_vectors * L;
  for (int k = 0; k < depth; k += detail::panel_rows) {
    int const deep = std::min(detail::panel_rows, depth - k);
    Strided<T> const part{a.data + k * a.column, a.row, a.column};
    for (int n = 0; n < columns; n += W) {
      int const width = std::min(W, columns - n);
      T const* const from = b + k * b_row + n;
      if (width > 2 * L)
        detail::add_panel<3>(part, rows, from, b_row, deep, width, c + n, c_row);
      else if (width > L)
        detail::add_panel<2>(part, rows, from, b_row, deep, width, c + n, c_row);
      else
        detail::add_panel<1>(part, rows, from, b_row, deep, width, c + n, c_row);
    }
  }
}

/// The scalar product; sixteen partial sums, always in the same order.
template <class T>
T dot(T const* a, T const* b, int n) {
  constexpr int L = 16;
  T sums[L] = {};
  int i = 0;
  for (; i + L <= n; i += L)
    for (int l = 0; l < L; ++l) sums[l] += a[i + l] * b[i + l];
  for (int l = 0; i + l < n; ++l) sums[l] += a[i + l] * b[i + l];
  for (int half = L / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}
}  // namespace berl::host
