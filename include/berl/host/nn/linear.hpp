#pragma once
#include <berl/core/arena.hpp>    // Scope, padded
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/product.hpp>  // add_product
#include <berl/host/simd.hpp>     // Vector, add_fused

#include <algorithm>  // min, fill_n, copy_n

/// The three products of a fully connected layer with weights W (O, I), which are many: forward, scalar products of few rows of them with
/// few samples at a time; the gradients, products of matrices that read them once and in their order. Each is cut into blocks of one
/// extent, each of which is one thread's.
namespace berl::host {
namespace detail {
template <class Body>  // body(first, count)
void for_blocks(Context<Host>& ctx, int n, Body const& body) {
  constexpr int block = 64;
  parallel_for(ctx, (n + block - 1) / block, [&](std::ptrdiff_t b) {
    int const first = static_cast<int>(b) * block;
    body(first, std::min(block, n - first));
  });
}
template <class T>
constexpr std::size_t table(int rows, int columns) {
  return padded<T>(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
}
/// Elements from one sample to the next, with zeros at its end, so that whole vectors can be read.
template <class T>
constexpr std::ptrdiff_t linear_row(int I) {
  return static_cast<std::ptrdiff_t>(padded<T>(static_cast<std::size_t>(I)));
}

/// Weights and samples at a time, whose scalar products stay in registers, and the terms of one that are summed in a row.
inline constexpr int linear_outputs = vector_bytes == 64 ? 6 : 3, linear_samples = vector_bytes == 64 ? 4 : 3, linear_terms = 2048;

/// to[r to_row + s] += sum over i < terms of w[r w_row + i] x[s x_row + i], for R rows of weights and S samples, which are zero from there
/// to the next whole vector.
template <int R, int S, class T>
[[gnu::noinline]] void add_scalar_products(T const* w, std::ptrdiff_t w_row, T const* x, std::ptrdiff_t x_row, int terms, T* to,
                                           std::ptrdiff_t to_row) {
  constexpr int L = lanes_of<T>;
  Vector<T> sums[R][S] = {};
  auto const add = [&](T const* from, std::ptrdiff_t row, int i) {
    Vector<T> xs[S];
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) load<T>(xs[s], x + s * x_row + i);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      Vector<T> weights;
      load<T>(weights, from + r * row);
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) add_fused<T>(sums[r][s], weights, xs[s]);
    }
  };
  int i = 0;
  for (; i + L <= terms; i += L) add(w + i, w_row, i);
  if (i < terms) {
    T rest[R][L] = {};
    for (int r = 0; r < R; ++r) std::copy_n(w + r * w_row + i, terms - i, rest[r]);
    add(rest[0], L, i);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) to[r * to_row + s] += sum_of<T>(sums[r][s]);
}
template <int R, class T>
void add_scalar_products(int samples, T const* w, std::ptrdiff_t w_row, T const* x, std::ptrdiff_t x_row, int terms, T* to,
                         std::ptrdiff_t to_row) {
  for (int s = 0; s < samples;) {
    T const* const from = x + s * x_row;
    int const left = samples - s;
    if (left >= linear_samples)
      add_scalar_products<R, linear_samples>(w, w_row, from, x_row, terms, to + s, to_row), s += linear_samples;
    else if (left >= 2)
      add_scalar_products<R, 2>(w, w_row, from, x_row, terms, to + s, to_row), s += 2;
    else
      add_scalar_products<R, 1>(w, w_row, from, x_row, terms, to + s, to_row), s += 1;
  }
}
}  // namespace detail

/// Bytes of scratch that any of the three takes for a batch.
template <class T>
constexpr std::size_t linear_scratch(int batch, int I, int O) {
  return sizeof(T) * (static_cast<std::size_t>(batch * detail::linear_row<T>(I)) + detail::table<T>(batch, O));
}

/// y = W x: put(k, o, sum over i of W[o][i] x(k, i)) for each sample k. The order of a sum is the same for any batch.
template <class T, class X, class Put>
void linear(Context<Host>& ctx, int batch, int I, int O, T const* weights, X const& x, Put const& put) {
  using namespace detail;
  if (batch == 0) return;
  Scope const scope(ctx.scratch);
  std::ptrdiff_t const row = linear_row<T>(I);
  T* const rows = ctx.scratch.take<T>(static_cast<std::size_t>(batch * row));
  T* const result = ctx.scratch.take<T>(table<T>(batch, O));
  for_blocks(ctx, static_cast<int>(row), [&](int first, int count) {
    for (int i = first; i < first + count; ++i)
      for (int k = 0; k < batch; ++k) rows[k * row + i] = i < I ? x(k, i) : T(0);
  });
  for_blocks(ctx, O, [&](int first, int count) {
    T* const to = result + static_cast<std::ptrdiff_t>(first) * batch;
    std::fill_n(to, static_cast<std::ptrdiff_t>(count) * batch, T(0));
    for (int i = 0; i < I; i += linear_terms)
      for (int o = 0; o < count;) {
        T const* const w = weights + static_cast<std::ptrdiff_t>(first + o) * I + i;
        T* const sums = to + static_cast<std::ptrdiff_t>(o) * batch;
        int const terms = std::min(linear_terms, I - i);
        if (count - o >= linear_outputs)
          add_scalar_products<linear_outputs>(batch, w, I, rows + i, row, terms, sums, batch), o += linear_outputs;
        else if (count - o >= 2)
          add_scalar_products<2>(batch, w, I, rows + i, row, terms, sums, batch), o += 2;
        else
          add_scalar_products<1>(batch, w, I, rows + i, row, terms, sums, batch), o += 1;
      }
    for (int o = first; o < first + count; ++o)
      for (int k = 0; k < batch; ++k) put(k, o, result[static_cast<std::ptrdiff_t>(o) * batch + k]);
  });
}

/// dx = W^T dy: put(k, i, sum over o of dy[k][o] W[o][i]); dy: (batch, O), row after row.
template <class T, class Put>
void linear_transposed(Context<Host>& ctx, int batch, int I, int O, T const* weights, T const* dy, Put const& put) {
  if (batch == 0) return;
  Scope const scope(ctx.scratch);
  T* const rows = ctx.scratch.take<T>(detail::table<T>(batch, I));
  detail::for_blocks(ctx, I, [&](int first, int count) {
    for (int k = 0; k < batch; ++k) std::fill_n(rows + static_cast<std::ptrdiff_t>(k) * I + first, count, T(0));
    add_product(Strided<T>{dy, O, 1}, batch, weights + first, I, O, count, rows + first, I);
    for (int k = 0; k < batch; ++k)
      for (int i = first; i < first + count; ++i) put(k, i, rows[static_cast<std::ptrdiff_t>(k) * I + i]);
  });
}

/// dW += dy^T x, with x(k, i); dy: (batch, O), row after row.
template <class T, class X>
void linear_gradient(Context<Host>& ctx, int batch, int I, int O, X const& x, T const* dy, T* dweights) {
  if (batch == 0) return;
  Scope const scope(ctx.scratch);
  T* const rows = ctx.scratch.take<T>(detail::table<T>(batch, I));
  detail::for_blocks(ctx, I, [&](int first, int count) {
    for (int k = 0; k < batch; ++k)
      for (int i = first; i < first + count; ++i) rows[static_cast<std::ptrdiff_t>(k) * I + i] = x(k, i);
  });
  detail::for_blocks(ctx, O, [&](int first, int count) {
    add_product(Strided<T>{dy + first, 1, O}, count, rows, I, batch, I, dweights + static_cast<std::ptrdiff_t>(first) * I, I);
  });
}
}  // namespace berl::host
