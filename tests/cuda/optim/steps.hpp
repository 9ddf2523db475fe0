#pragma once
#include "../compare.hpp"

#include <span>

/// Three steps of an optimiser over a block that is no multiple of a pack.
namespace berl::gpu {
using Line = Shape<1027>;
template <class T, int moments>
struct Steps {
  Tensor<T, Line> x = filled<T, Line>(1, "x"), dx = filled<T, Line>(1, "dx"), kept[moments];
  explicit Steps(T first) {
    for (auto& one : kept) one = Tensor<T, Line>(1, first);
  }
};
template <class T, class O>
auto host_steps(O const& optimiser, T first) {
  Steps<T, O::moments> s(first);
  Context<Host> host;
  std::span<T> kept[O::moments];
  for (int i = 0; i < O::moments; ++i) kept[i] = s.kept[i].span();
  for (long k = 1; k <= 3; ++k) optimiser(host, s.x.span(), std::span<T const>(s.dx.span()), kept, k);
  return s;
}
template <class T, int n>
void check_same(Steps<T, n> const& a, Steps<T, n> const& b) {
  CHECK(difference(a.x, b.x) < rounding<T>);
  for (int i = 0; i < n; ++i) CHECK(difference(a.kept[i], b.kept[i]) < rounding<T>);
}

/// `first` stands where moments are before the first step: sgd does not read it.
template <class T, class O>
void check_pieces(O const& optimiser, double first = NAN) {
  Steps<T, O::moments> s(static_cast<T>(first));
  T* kept[O::moments];
  for (int i = 0; i < O::moments; ++i) kept[i] = s.kept[i].span().data();
  for (long k = 1; k <= 3; ++k) optimiser.by_pieces(s.x.size(), s.x.span().data(), static_cast<T const*>(s.dx.span().data()), kept, k);
  check_same(s, host_steps<T>(optimiser, static_cast<T>(first)));
}
template <class T, class O>
void check_gpu(O const& optimiser, double first = NAN) {
  auto ctx = test_context();
  auto const run = [&] {
    Steps<T, O::moments> s(static_cast<T>(first));
    auto x = on_gpu(ctx, s.x);
    auto const dx = on_gpu(ctx, s.dx);
    Tensor<T, Line, Cuda> there[O::moments];
    std::span<T> kept[O::moments];
    for (int i = 0; i < O::moments; ++i) {
      there[i] = on_gpu(ctx, s.kept[i]);
      kept[i] = {there[i].write().data(), there[i].size()};
    }
    for (long k = 1; k <= 3; ++k)
      optimiser(ctx, std::span<T>(x.write().data(), x.size()), std::span<T const>(dx.read().data(), dx.size()), kept, k);
    s.x = on_host(ctx, x);
    for (int i = 0; i < O::moments; ++i) s.kept[i] = on_host(ctx, there[i]);
    return s;
  };
  auto const once = run();
  check_same(once, host_steps<T>(optimiser, static_cast<T>(first)));
  CHECK(same_bits(run().x, once.x));
}
}  // namespace berl::gpu
