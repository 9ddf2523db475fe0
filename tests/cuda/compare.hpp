#pragma once
#include "gpu.hpp"

#include <berl/core/bf16.hpp>
#include <berl/core/random.hpp>
#include <berl/cuda/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace berl::gpu {
/// Numbers in [lo, hi) that belong to a name.
template <class T, class S, class L>
void fill(Tensor<T, S, Host, L>& x, std::string_view name, double lo = -1, double hi = 1) {
  Random random(named(Seed{1}, name));
  for (T& v : x.span()) v = static_cast<T>(random.uniform(lo, hi));
}
template <class T, class S>
Tensor<T, S> filled(int batch, std::string_view name, double lo = -1, double hi = 1) {
  Tensor<T, S> x(batch);
  fill(x, name, lo, hi);
  return x;
}
/// The same numbers in another type.
template <class To, class T, class S, class L>
Tensor<To, S, Host, L> stored_as(Tensor<T, S, Host, L> const& x) {
  Tensor<To, S, Host, L> y(x.batch());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<To>(static_cast<number_of<To>>(x[i]));
  return y;
}
/// The host's memory as a kernel's body sees the GPU's, where both lie alike.
template <class T, class S>
Read<T, S, Cuda> as_gpu(Read<T, S, Host> view) {
  static_assert(lie_alike<S, LayoutOf<S, Host>, LayoutOf<S, Cuda>>);
  return {view.data(), view.batch()};
}
template <class T, class S>
Write<T, S, Cuda> as_gpu(Write<T, S, Host> view) {
  return {view.data(), view.batch()};
}
template <class T, class S>
Add<T, S, Cuda> as_gpu(Add<T, S, Host> view) {
  return {view.data(), view.batch()};
}
/// body(team) by a team of one, or by all members of a crew.
template <class Team, class Body>
void work(Body const& body) {
  if constexpr (Team::size == 1)
    body(Team{});
  else
    Team::work([&] { body(Team{}); });
}
/// A context whose scratch is large enough for a test.
inline Context<Cuda> test_context() { return Context<Cuda>(0, 64 * MiB); }

template <class T, class S, class L>
Tensor<T, S, Cuda> on_gpu(Context<Cuda>& ctx, Tensor<T, S, Host, L> const& x) {
  Tensor<T, S, Cuda> y(x.batch());
  copy(ctx, x.read(), y.write());
  return y;
}
template <class T, class S, class L>
Tensor<T, S> on_host(Context<Cuda>& ctx, Tensor<T, S, Cuda, L> const& x) {
  Tensor<T, S> y(x.batch());
  copy(ctx, x.read(), y.write());
  ctx.synchronize();
  return y;
}

/// The largest difference, relative to the largest number: sums of another order differ by some roundings of the terms.
template <class T, class S, class L>
double difference(Tensor<T, S, Host, L> const& a, Tensor<T, S, Host, L> const& b) {
  double most = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = std::isnan(d) ? INFINITY : std::max(most, d);
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return size > 0 ? most / size : most;
}
template <class T, class S, class L>
bool same_bits(Tensor<T, S, Host, L> const& a, Tensor<T, S, Host, L> const& b) {
  return std::equal(a.span().begin(), a.span().end(), b.span().begin(), b.span().end());
}
/// What host and CUDA may differ by: the target of float32, and some roundings in double.
template <class T>
inline constexpr double rounding = sizeof(T) == 4 ? 1e-5 : 1e-13;
/// What a result is off by that is stored as Bf16: half of the last of eight bits.
template <>
inline constexpr double rounding<Bf16> = 0x1p-8;
}  // namespace berl::gpu
