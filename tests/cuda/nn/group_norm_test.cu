#include "run_layer.hpp"
#include "slabs.hpp"

#include <berl/cuda/nn/group_norm.hpp>
#include <berl/nn/pointwise.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::GroupNorm, nn::LeakyReLU, nn::Residual, nn::Sequential;

namespace {
template <int G, int C>
struct Plain : Sequential<GroupNorm<G, C>> {};
template <int G, int C>
struct Rectified : Sequential<GroupNorm<G, C>, LeakyReLU<>> {};
template <int G, int C>
struct Added : Residual<Rectified<G, C>> {};

/// A step of the layer by a team, on maps of E that lie as on the GPU: y = x + LeakyReLU(GroupNorm(x)), dx = dy + ...
template <class Team, int G, class E, class In, class T = number_of<E>>
Results<T> by_a_team(test::RunLayer<Added<G, channels<In>>, T, In>& run) {
  using namespace nn::detail;
  using Teams = Slabs<Team, In, E>;
  constexpr int C = channels<In>;
  int const batch = run.x.batch();
  auto const x = Teams::lying(stored_as<E>(run.x)), dy = Teams::lying(stored_as<E>(run.dy));
  auto y = Teams::lying(stored_as<E>(run.y)), dx = Teams::lying(stored_as<E>(run.dx));
  E const* const xs = x.read().data();
  E const* const dys = dy.read().data();
  Onto<E, In, Cuda> const to({y.write().data(), batch}, {xs, batch}), dx_to({dx.write().data(), batch}, {dys, batch});
  auto& p = run.weights.params.body.template at<0>();
  GroupNormOf<G, C, nn::detail::Rectified<nn::point::LeakyReLU<20>>, T> const of{p.weight.value(), p.bias.value(), {}};
  Tensor<T, Shape<C>> mean(batch), inverse(batch), d_bias(batch), d_weight(batch);
  constexpr double eps = GroupNorm<G, C>::eps;
  constexpr bool packed = groups_are_packs<G, C, In, E>;
  constexpr int parts = packed ? MemberOfTile<G, Team>::tiles : G;
  double shared[Team::size];
  work<Team>([&](Team team) {
    for (int i = 0; i < batch * parts; ++i)
      if constexpr (packed)
        tile_forward<G, C, In>(team, of, xs, to, &mean[0], &inverse[0], eps, i / parts, i % parts, shared);
      else
        group_forward<G, C, In>(team, of, xs, to, &mean[0], &inverse[0], eps, i / parts, i % parts);
  });
  work<Team>([&](Team team) {
    for (int i = 0; i < batch * parts; ++i)
      if constexpr (packed)
        tile_backward<G, C, In>(team, of, xs, dys, dx_to, &mean[0], &inverse[0], &d_bias[0], &d_weight[0], i / parts, i % parts, shared);
      else
        group_backward<G, C, In>(team, of, xs, dys, dx_to, &mean[0], &inverse[0], &d_bias[0], &d_weight[0], i / parts, i % parts);
    Team::sync();
    for (int c = 0; c < C; ++c) add_samples(team, batch, C, &d_bias[0], &d_weight[0], p.bias.gradient(), p.weight.gradient(), c);
  });
  run.y = stored_as<T>(Teams::back(y));
  run.dx = stored_as<T>(Teams::back(dx));
  return results(run);
}

template <class T_, class In_, int G_>
struct Case {
  using T = T_;
  using In = In_;
  static constexpr int G = G_;
};
}  // namespace

TEST_CASE_TEMPLATE("a team norms groups, rectifies and adds as the host's loops do", Each, Case<float, Shape<32, 6, 5>, 8>,
                   Case<double, Shape<48, 3, 3>, 3>, Case<float, Shape<64, 5, 3>, 16>, Case<float, Shape<6, 8, 8>, 2>,
                   Case<double, Shape<3, 5, 5>, 1>, Case<Bf16, Shape<32, 6, 5>, 8>, Case<Bf16, Shape<6, 8, 8>, 2>) {
  using E = typename Each::T;
  using T = number_of<E>;
  using In = typename Each::In;
  using L = Added<Each::G, channels<In>>;
  test::RunLayer<L, T, In> host(3), solo(3), crew(3);
  for (auto* const one : {&host, &solo, &crew}) one->x = stored_as<T>(stored_as<E>(one->x)), one->dy = stored_as<T>(stored_as<E>(one->dy));
  host.template forward<Training>();
  host.template backward<Training>();
  auto const expected = results(host), found = by_a_team<Solo, Each::G, E>(solo), of_five = by_a_team<Crew<19>, Each::G, E>(crew);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);                                             // y, dx, gradients, buffers
    double const most = i < 2 ? rounding<E> : rounding<T>;  // sums are not stored as maps are
    CHECK(difference(found[i], expected[i]) < most);
    CHECK(difference(of_five[i], expected[i]) < most);
  }
}

TEST_CASE("group norms on the GPU are those of the host" * needs_gpu()) {
  check_layer_on_gpu<Plain<16, 64>, Training, float, Shape<64, 14, 14>>(5);
  check_layer_on_gpu<Plain<32, 64>, Training, float, Shape<64, 14, 14>>(5);
  check_layer_on_gpu<Rectified<16, 64>, Training, float, Shape<64, 64, 64>>(3);
  check_layer_on_gpu<Added<32, 128>, Training, float, Shape<128, 7, 5>>(2);
  check_layer_on_gpu<Plain<2, 6>, Training, double, Shape<6, 9, 7>>(3);
  check_layer_on_gpu<Rectified<4, 32>, Training, float, Shape<32, 5, 5>>(3);
  check_layer_on_gpu<Added<8, 32>, Inference, float, Shape<32, 28, 28>>(4);
  check_layer_on_gpu<Added<32, 128>, Training, Bf16, Shape<128, 7, 5>>(2);
}
