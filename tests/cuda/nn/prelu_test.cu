#include "slabs.hpp"

#include <berl/cuda/nn/prelu.hpp>

#include <algorithm>

using namespace berl;
using namespace berl::gpu;

namespace {
template <class E_, class S_>
struct Case {
  using E = E_;
  using T = number_of<E>;
  using S = S_;
  using Layer = nn::PReLU<channels<S>>;
  static constexpr int batch = 7;
};
// Interleaved channels in packs and, where their number is odd, one by one; planes likewise.
#define CASES                                                                                                                              \
  Case<float, Shape<32, 6, 5>>, Case<double, Shape<48, 3, 3>>, Case<float, Shape<20>>, Case<float, Shape<7>>, Case<float, Shape<3, 8, 8>>, \
      Case<double, Shape<5, 3, 3>>, Case<Bf16, Shape<32, 6, 5>>, Case<Bf16, Shape<7>>, Case<Bf16, Shape<3, 8, 8>>

/// A map whose numbers E holds.
template <class C>
auto held(char const* name) {
  return stored_as<typename C::T>(stored_as<typename C::E>(filled<typename C::T, typename C::S>(C::batch, name)));
}
template <class C>
struct Result {
  using T = typename C::T;
  using S = typename C::S;
  Tensor<T, S> y = held<C>("y"), dx = held<C>("dx");
  Tensor<T, Shape<channels<S>>> dweight = filled<T, Shape<channels<S>>>(1, "dweight");
};
template <class C>
struct Given {
  using T = typename C::T;
  using S = typename C::S;
  Tensor<T, S> x = held<C>("x"), dy = held<C>("dy");
  Tensor<T, Shape<channels<S>>> weight = filled<T, Shape<channels<S>>>(1, "weight");
};
template <class C>
void check_close(Result<C> const& a, Result<C> const& b) {
  using T = typename C::T;
  CHECK(difference(a.y, b.y) < rounding<typename C::E>);
  CHECK(difference(a.dx, b.dx) < rounding<typename C::E>);
  CHECK(difference(a.dweight, b.dweight) < rounding<T>);
}
template <class C>
Result<C> by_the_host(Given<C> const& given) {
  using Layer = typename C::Layer;
  using T = typename C::T;
  Context<Host> ctx{1, Arena(Layer::template scratch<T, typename C::S>(C::batch, 1))};
  Result<C> result;
  typename Layer::template Params<T, Host> params;
  Tensor<T, Shape<channels<typename C::S>>> weight = given.weight;
  params.weight.place(&weight[0], &result.dweight[0]);
  T nothing;
  Layer::template forward<Training>(ctx, params, given.x.read(), result.y.add(), Forget{});
  Layer::template backward<Training>(ctx, params, given.x.read(), given.dy.read(), result.dx.write(), Pass<T>(&nothing, 0, 0));
  return result;
}
template <class Team, class C>
Result<C> by_a_team(Given<C> const& given) {
  using E = typename C::E;
  using T = typename C::T;
  using S = Slabs<Team, typename C::S, E>;
  Result<C> result;
  auto const x = S::lying(stored_as<E>(given.x)), dy = S::lying(stored_as<E>(given.dy));
  auto y = S::lying(stored_as<E>(result.y)), dx = S::lying(stored_as<E>(result.dx));
  S::map(nn::detail::PReLUOf<T>{&given.weight[0]}, y.add(), x.read().data());
  S::template sum<1>(nn::detail::PReLUPullOf<T>{&given.weight[0]}, dx.write(), nn::detail::AddToGradient<T>{&result.dweight[0]},
                     x.read().data(), dy.read().data());
  result.y = stored_as<T>(S::back(y));
  result.dx = stored_as<T>(S::back(dx));
  return result;
}
template <class C>
Result<C> by_the_gpu(Given<C> const& given) {
  using Layer = typename C::Layer;
  using E = typename C::E;
  using T = typename C::T;
  auto ctx = test_context();
  Result<C> result;
  auto const x = on_gpu(ctx, stored_as<E>(given.x)), dy = on_gpu(ctx, stored_as<E>(given.dy));
  auto weight = on_gpu(ctx, given.weight), dweight = on_gpu(ctx, result.dweight);
  auto y = on_gpu(ctx, stored_as<E>(result.y)), dx = on_gpu(ctx, stored_as<E>(result.dx));
  typename Layer::template Params<E, Cuda> params;
  params.weight.place(weight.write().data(), dweight.write().data());
  E nothing;
  Layer::template forward<Training>(ctx, params, x.read(), y.add(), Forget{});
  Layer::template backward<Training>(ctx, params, x.read(), dy.read(), dx.write(), Pass<E>(&nothing, 0, 0));
  CHECK(ctx.scratch.peak() <= std::max(Layer::template scratch<E, typename C::S>(C::batch, 1), C::batch * sizeof(E) * C::S::size));
  return {stored_as<T>(on_host(ctx, y)), stored_as<T>(on_host(ctx, dx)), on_host(ctx, dweight)};
}
}  // namespace

static_assert(sums_bytes<512, 1>(200) <= nn::PReLU<512>::scratch<float, Shape<512, 7, 7>>(200, 1));

TEST_CASE_TEMPLATE("teams on the host compute PReLU and its pull-back as the host's loops do", C, CASES) {
  Given<C> const given;
  auto const expected = by_the_host(given);
  check_close(by_a_team<Solo>(given), expected);
  check_close(by_a_team<Crew<5>>(given), expected);
}

TEST_CASE_TEMPLATE("the GPU computes PReLU and its pull-back as the host does, twice the same" * needs_gpu(), C, CASES) {
  Given<C> const given;
  auto const once = by_the_gpu(given), again = by_the_gpu(given);
  check_close(once, by_the_host(given));
  CHECK(same_bits(once.dweight, again.dweight));
  CHECK(same_bits(once.dx, again.dx));
}
