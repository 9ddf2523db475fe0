#include "norm_case.hpp"

#include <berl/cuda/nn/norm.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
template <class T, class S, class A = void>
using Case = NormCase<T, S, nn::BatchNorm<channels<S>>, A>;
#define CASES                                                                                                              \
  Case<float, Shape<32, 6, 5>>, Case<double, Shape<48, 3, 3>, nn::PReLU<48>>, Case<float, Shape<32, 6, 5>, nn::PReLU<32>>, \
      Case<float, Shape<20>, nn::ReLU>, Case<float, Shape<7>>, Case<float, Shape<3, 8, 8>, nn::PReLU<3>>, Case<double, Shape<5, 3, 3>>

/// The kernels' functions in the kernels' order, by a team of the host.
template <class Team, class Mode, class C>
NormResult<C> by_a_team(NormGiven<C> const& given) {
  using namespace nn::detail;
  using T = typename C::T;
  using S = typename C::S;
  using Layer = typename C::Norm;
  using Teams = Slabs<Team, S, T>;
  constexpr int step = interleaved<S, LayoutOf<S, Cuda>> ? 1 : plane<S>;
  NormResult<C> result;
  auto const x = Teams::lying(given.x), dy = Teams::lying(given.dy);
  auto y = Teams::lying(result.y), dx = Teams::lying(result.dx);
  T const* const xs = x.read().data();
  Skip<T, S, Cuda> const nothing(nullptr, C::batch);
  Tensor<T, Shape<C::C>> mean, inverse, b, d;
  double const count = static_cast<double>(C::batch) * plane<S>;
  if constexpr (std::is_same_v<Mode, Training>) {
    Teams::template sum<2>(MomentsOf<T, step>{xs}, nothing,
                           Statistics<Layer, T, step>{xs, count, &mean[0], &inverse[0], &result.running_mean[0], &result.running_var[0]},
                           xs);
  } else {
    KnownStatistics<Layer, T> const known{&result.running_mean[0], &result.running_var[0], &mean[0], &inverse[0]};
    for (std::size_t c = 0; c < C::C; ++c) known(c);
  }
  auto const with = [&](auto rectified) {
    using A = decltype(rectified);
    BatchNormOf<A, T> const of{&mean[0], &inverse[0], &given.weight[0], &given.bias[0], rectified};
    Teams::map(BatchNormForward<A, T>{of}, y.add(), xs);
    BatchNormFinish<Mode, A, T> const finish{&given.weight[0], &inverse[0], &result.d_weight[0], &result.d_bias[0], &b[0], &d[0],
                                             rectified,        count};
    Teams::template sum<BatchNormSums<A, T>::terms>(BatchNormSums<A, T>{of}, nothing, finish, xs, dy.read().data());
    Teams::map(BatchNormBackward<A, T>{of, &b[0], &d[0]}, dx.write(), xs, dy.read().data());
  };
  if constexpr (std::is_void_v<typename C::A>)
    with(Unchanged{});
  else if constexpr (std::is_same_v<typename C::A, nn::ReLU>)
    with(Rectified<nn::point::ReLU>{});
  else
    with(RectifiedBy<nn::point::PReLU, T>{&given.slope[0], &result.d_slope[0]});
  result.y = Teams::back(y);
  result.dx = Teams::back(dx);
  return result;
}
}  // namespace

TEST_CASE_TEMPLATE("teams on the host find the host's batch norm and its pull-back", C, CASES) {
  NormGiven<C> const given;
  check_close(by_a_team<Solo, Training>(given), norm_by_the_host<C, Training>(given));
  check_close(by_a_team<Crew<5>, Training>(given), norm_by_the_host<C, Training>(given));
  check_close(by_a_team<Crew<5>, Inference>(given), norm_by_the_host<C, Inference>(given));
}

TEST_CASE_TEMPLATE("the GPU finds the host's batch norm and its pull-back, twice the same" * needs_gpu(), C, CASES) {
  NormGiven<C> const given;
  auto const once = norm_by_the_gpu<C, Training>(given), again = norm_by_the_gpu<C, Training>(given);
  check_close(once, norm_by_the_host<C, Training>(given));
  check_close(norm_by_the_gpu<C, Inference>(given), norm_by_the_host<C, Inference>(given));
  CHECK(same_bits(once.y, again.y));
  CHECK(same_bits(once.dx, again.dx));
  CHECK(same_bits(once.d_weight, again.d_weight));
}
