#include "../compare.hpp"

#include <berl/cuda/optim/adam.hpp>
#include <berl/cuda/optim/sgd.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
using Numbers = Shape<1031>;  // not a whole number of packs
template <class T>
struct State {
  Tensor<T, Numbers> x = filled<T, Numbers>(1, "x"), dx = filled<T, Numbers>(1, "dx"), m = filled<T, Numbers>(1, "m"),
                     v = filled<T, Numbers>(1, "v", 0, 1);
};
template <class T>
void check_close(State<T> const& a, State<T> const& b) {
  CHECK(difference(a.x, b.x) < rounding<T>);
  CHECK(difference(a.m, b.m) < rounding<T>);
  CHECK(difference(a.v, b.v) < rounding<T>);
}
/// A first step of Sgd, which does not read m, another one, and one of Adam, on the host and wherever `span` says.
template <class D, class T, class Span>
void steps(Context<D>& ctx, Span const& span, std::span<T const> dx) {
  optim::Sgd const sgd;
  optim::Adam const adam;
  sgd.step(ctx, span(0), dx, span(1), 0.1, 5e-4, 1);
  sgd.step(ctx, span(0), dx, span(1), 0.05, 0, 2);
  adam.step(ctx, span(0), dx, span(1), span(2), 1e-3, 1e-2, 3);
}
template <class T>
State<T> by_the_host() {
  State<T> s;
  Context<Host> ctx;
  steps<Host, T>(
      ctx, [&](int i) { return i == 0   ? s.x.span()
                               : i == 1 ? s.m.span()
                                        : s.v.span(); }, std::span<T const>(s.dx.span()));
  return s;
}
}  // namespace

TEST_CASE_TEMPLATE("packs are stepped as the host's numbers are", T, float, double) {
  State<T> s;
  constexpr std::size_t n = Numbers::size;
  auto const packs = [&]<int N>(std::integral_constant<int, N>, auto const& f, auto... moments) {
    optim::detail::PackStep<N, std::remove_cvref_t<decltype(f)>, T, std::remove_pointer_t<decltype(moments)>...> const step{
        f, n, &s.x[0], &s.dx[0], {moments...}};
    for (std::size_t i = 0; i < (n + N - 1) / N; ++i) step(i);
  };
  optim::Sgd const sgd;
  optim::Adam const adam;
  T const kept = static_cast<T>(sgd.momentum);
  packs(std::integral_constant<int, pack_of<T>>{}, optim::detail::SgdOf<T>{{kept, T(0.1), T(5e-4)}, true}, &s.m[0]);
  packs(std::integral_constant<int, 1>{}, optim::detail::SgdOf<T>{{kept, T(0.05), T(0)}, false}, &s.m[0]);
  packs(std::integral_constant<int, pack_of<T>>{}, optim::detail::AdamOf<T>{adam.at<T>(1e-3, 1e-2, 3)}, &s.m[0], &s.v[0]);
  check_close(s, by_the_host<T>());
}

TEST_CASE_TEMPLATE("the GPU steps as the host does" * needs_gpu(), T, float, double) {
  auto ctx = test_context();
  State<T> s;
  Tensor<T, Numbers, Cuda> there[3] = {on_gpu(ctx, s.x), on_gpu(ctx, s.m), on_gpu(ctx, s.v)};
  auto const dx = on_gpu(ctx, s.dx);
  steps<Cuda, T>(
      ctx, [&](int i) { return std::span<T>(there[i].write().data(), Numbers::size); },
      std::span<T const>(dx.read().data(), Numbers::size));
  s.x = on_host(ctx, there[0]);
  s.m = on_host(ctx, there[1]);
  s.v = on_host(ctx, there[2]);
  check_close(s, by_the_host<T>());
}
