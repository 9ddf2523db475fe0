#include "norm_case.hpp"

#include <berl/cuda/nn/group_norm.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
template <class T, class S, int G, class A = void>
using Case = NormCase<T, S, nn::GroupNorm<G, channels<S>>, A>;
#define CASES                                                                                                                   \
  Case<float, Shape<32, 6, 5>, 8>, Case<double, Shape<48, 3, 3>, 3, nn::LeakyReLU<>>, Case<float, Shape<6, 8, 8>, 2, nn::ReLU>, \
      Case<double, Shape<3, 5, 5>, 1>

template <class Team, class C>
NormResult<C> by_a_team(NormGiven<C> const& given) {
  using namespace nn::detail;
  using T = typename C::T;
  using S = typename C::S;
  using Teams = Slabs<Team, S, T>;
  constexpr int K = C::C;
  NormResult<C> result;
  auto const x = Teams::lying(given.x), dy = Teams::lying(given.dy);
  auto y = Teams::lying(result.y), dx = Teams::lying(result.dx);
  T const *const xs = x.read().data(), *const dys = dy.read().data();
  Tensor<T, Shape<K>> mean(C::batch), inverse(C::batch), d_bias(C::batch), d_weight(C::batch);
  auto const with = [&]<int G>(nn::GroupNorm<G, K>, auto rectified) {
    GroupNormOf<G, K, decltype(rectified), T> const of{&given.weight[0], &given.bias[0], rectified};
    work<Team>([&](Team team) {
      for (int i = 0; i < C::batch * G; ++i)
        group_forward<G, K, S>(team, of, xs, y.add(), &mean[0], &inverse[0], C::Norm::eps, i / G, i % G);
    });
    work<Team>([&](Team team) {
      for (int i = 0; i < C::batch * G; ++i)
        group_backward<G, K, S>(team, of, xs, dys, dx.write(), &mean[0], &inverse[0], &d_bias[0], &d_weight[0], i / G, i % G);
    });
  };
  if constexpr (std::is_void_v<typename C::A>)
    with(typename C::Norm{}, Unchanged{});
  else if constexpr (std::is_same_v<typename C::A, nn::ReLU>)
    with(typename C::Norm{}, Rectified<nn::point::ReLU>{});
  else
    with(typename C::Norm{}, Rectified<nn::point::LeakyReLU<20>>{});
  AddSamples<T> const add{C::batch, K, &d_bias[0], &d_weight[0], &result.d_bias[0], &result.d_weight[0]};
  for (std::size_t c = 0; c < K; ++c) add(c);
  result.y = Teams::back(y);
  result.dx = Teams::back(dx);
  return result;
}
}  // namespace

TEST_CASE_TEMPLATE("teams on the host find the host's group norm and its pull-back", C, CASES) {
  NormGiven<C> const given;
  auto const expected = norm_by_the_host<C, Training>(given);
  check_close(by_a_team<Solo>(given), expected);
  check_close(by_a_team<Crew<5>>(given), expected);
}

TEST_CASE_TEMPLATE("the GPU finds the host's group norm and its pull-back, twice the same" * needs_gpu(), C, CASES) {
  NormGiven<C> const given;
  auto const once = norm_by_the_gpu<C, Training>(given), again = norm_by_the_gpu<C, Training>(given);
  check_close(once, norm_by_the_host<C, Training>(given));
  CHECK(same_bits(once.dx, again.dx));
  CHECK(same_bits(once.d_weight, again.d_weight));
}
