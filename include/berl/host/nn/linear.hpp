#pragma once
#include <berl/core/arena.hpp>    // Scope, padded
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/product.hpp>  // add_product

#include <algorithm>  // min, fill_n

/// The three products of a fully connected layer, in which the weights W (O, I), which are many, are read once and in their order. Each is
/// cut into blocks of one extent, each of which is one thread's.
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
}  // namespace detail

/// Bytes of scratch that any of the three takes for a batch.
template <class T>
constexpr std::size_t linear_scratch(int batch, int I, int O) {
  return sizeof(T) * (detail::table<T>(batch, I) + detail::table<T>(batch, O));
}

/// y = W x: put(k, o, sum over i of W[o][i] x(k, i)) for each sample k.
template <class T, class X, class Put>
void linear(Context<Host>& ctx, int batch, int I, int O, T const* weights, X const& x, Put const& put) {
  Scope const scope(ctx.scratch);
  T* const turned = ctx.scratch.take<T>(detail::table<T>(batch, I));
  T* const result = ctx.scratch.take<T>(detail::table<T>(batch, O));
  detail::for_blocks(ctx, I, [&](int first, int count) {
    for (int i = first; i < first + count; ++i)
      for (int k = 0; k < batch; ++k) turned[static_cast<std::ptrdiff_t>(i) * batch + k] = x(k, i);
  });
  detail::for_blocks(ctx, O, [&](int first, int count) {
    T* const to = result + static_cast<std::ptrdiff_t>(first) * batch;
    std::fill_n(to, static_cast<std::ptrdiff_t>(count) * batch, T(0));
    add_product(Strided<T>{weights + static_cast<std::ptrdiff_t>(first) * I, I, 1}, count, turned, batch, I, batch, to, batch);
    for (int o = first; o < first + count; ++o)
      for (int k = 0; k < batch; ++k) put(k, o, result[static_cast<std::ptrdiff_t>(o) * batch + k]);
  });
}

/// dx = W^T dy: put(k, i, sum over o of dy[k][o] W[o][i]); dy: (batch, O), row after row.
template <class T, class Put>
void linear_transposed(Context<Host>& ctx, int batch, int I, int O, T const* weights, T const* dy, Put const& put) {
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
