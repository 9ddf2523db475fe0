#include "run_layer.hpp"
#include "slabs.hpp"

#include <berl/cuda/nn/norm.hpp>
#include <berl/nn/prelu.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::BatchNorm, nn::PReLU, nn::ReLU, nn::Residual, nn::Sequential;

namespace {
template <int C>
struct Plain : Sequential<BatchNorm<C>> {};
template <int C>
struct Learnt : Sequential<BatchNorm<C>, PReLU<C>> {};
template <int C>
struct Rectified : Sequential<BatchNorm<C>, ReLU> {};
template <int C>
struct Added : Residual<Learnt<C>> {};

/// A step of the layer by a team, on maps of E that lie as on the GPU: y = x + PReLU(BatchNorm(x)), dx = dy + ...
template <class Team, class Mode, class E, class In, class T = number_of<E>>
Results<T> by_a_team(test::RunLayer<Added<channels<In>>, T, In>& run) {
  using namespace nn::detail;
  using L = LayoutOf<In, Cuda>;
  using Teams = Slabs<Team, In, E>;
  using A = RectifiedBy<nn::point::PReLU, T>;
  constexpr int C = channels<In>;
  using Layer = BatchNorm<C>;
  int const batch = run.x.batch();
  auto const x = Teams::lying(stored_as<E>(run.x)), dy = Teams::lying(stored_as<E>(run.dy));
  auto y = Teams::lying(stored_as<E>(run.y)), dx = Teams::lying(stored_as<E>(run.dx));
  auto& p = run.weights.params.body.template at<0>();
  auto& slope = run.weights.params.body.template at<1>().weight;
  T mean[C], inverse[C], b[C], d[C];
  double const count = static_cast<double>(batch) * plane<In>;
  E const* const xs = x.read().data();
  E const* const dys = dy.read().data();
  Skip<E, In, Host> const nothing(nullptr, batch);
  if constexpr (std::is_same_v<Mode, Training>) {
    using Powers = PowersOf<In, L, E>;
    Powers const powers{xs, batch};
    Teams::template sum<2>(powers, nothing,
                           StatisticsOf<Layer, Powers, T>{powers, count, mean, inverse, p.running_mean.value(), p.running_var.value()}, xs);
  } else {
    for (std::size_t c = 0; c < C; ++c) RunningOf<Layer, T>{mean, inverse, p.running_mean.value(), p.running_var.value()}(c);
  }
  NormOf<A, T> const norms{mean, p.weight.value(), inverse, p.bias.value(), A{slope.value(), slope.gradient()}};
  Teams::map(norms, Onto<E, In, Cuda>({y.write().data(), batch}, {xs, batch}), xs);
  Teams::template sum<3>(NormTermsOf<A, T>{norms}, nothing,
                         NormGradientsOf<Mode, A, T>{norms, count, p.weight.gradient(), p.bias.gradient(), b, d}, xs, dys);
  Teams::map(NormPullOf<A, T>{norms, b, d}, Onto<E, In, Cuda>({dx.write().data(), batch}, {dys, batch}), xs, dys);
  run.y = stored_as<T>(Teams::back(y));
  run.dx = stored_as<T>(Teams::back(dx));
  return results(run);
}

template <class T_, class Mode_, class In_, int batch_>
struct Case {
  using T = T_;
  using Mode = Mode_;
  using In = In_;
  static constexpr int batch = batch_;
};
}  // namespace

// Channels beside one another, by packs and by one; planes; vectors; more channels than one block has.
TEST_CASE_TEMPLATE("a team norms, rectifies and adds as the host's loops do", Each, Case<float, Training, Shape<16, 7, 5>, 3>,
                   Case<double, Training, Shape<16, 7, 5>, 3>, Case<float, Training, Shape<5, 6, 3>, 4>,
                   Case<double, Inference, Shape<6>, 5>, Case<float, Training, Shape<160, 2, 3>, 2>,
                   Case<float, Inference, Shape<32, 3, 3>, 2>, Case<Bf16, Training, Shape<16, 7, 5>, 3>,
                   Case<Bf16, Inference, Shape<5, 6, 3>, 4>) {
  using E = typename Each::T;
  using T = number_of<E>;
  using Mode = typename Each::Mode;
  using In = typename Each::In;
  using L = Added<channels<In>>;
  test::RunLayer<L, T, In> host(Each::batch), solo(Each::batch), crew(Each::batch);
  for (auto* const one : {&host, &solo, &crew}) one->x = stored_as<T>(stored_as<E>(one->x)), one->dy = stored_as<T>(stored_as<E>(one->dy));
  host.template forward<Mode>();
  host.template backward<Mode>();
  auto const expected = results(host), found = by_a_team<Solo, Mode, E>(solo), of_five = by_a_team<Crew<5>, Mode, E>(crew);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);                                             // y, dx, gradients, buffers
    double const most = i < 2 ? rounding<E> : rounding<T>;  // sums are not stored as maps are
    CHECK(difference(found[i], expected[i]) < most);
    CHECK(difference(of_five[i], expected[i]) < most);
  }
}

TEST_CASE("batch norms on the GPU are those of the host" * needs_gpu()) {
  check_layer_on_gpu<Plain<16>, Training, float, Shape<16, 13, 11>>(9);
  check_layer_on_gpu<Plain<64>, Training, double, Shape<64, 28, 28>>(5);
  check_layer_on_gpu<Plain<5>, Training, float, Shape<5, 13, 11>>(3);
  check_layer_on_gpu<Plain<512>, Training, float, Shape<512>>(33);
  check_layer_on_gpu<Plain<32>, Inference, float, Shape<32, 7, 7>>(4);
  check_layer_on_gpu<Learnt<64>, Training, float, Shape<64, 56, 56>>(6);
  check_layer_on_gpu<Learnt<3>, Inference, double, Shape<3, 5, 4>>(2);
  check_layer_on_gpu<Rectified<48>, Training, float, Shape<48, 9, 9>>(3);
  check_layer_on_gpu<Added<160>, Training, float, Shape<160, 7, 7>>(4);
}
TEST_CASE("and of maps that are stored as Bf16" * needs_gpu()) {
  check_layer_on_gpu<Plain<16>, Training, Bf16, Shape<16, 13, 11>>(9);
  check_layer_on_gpu<Plain<5>, Training, Bf16, Shape<5, 13, 11>>(3);
  check_layer_on_gpu<Learnt<64>, Training, Bf16, Shape<64, 28, 28>>(6);
  check_layer_on_gpu<Added<160>, Inference, Bf16, Shape<160, 7, 7>>(4);
}
