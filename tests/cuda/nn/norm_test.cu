#include "../crew.hpp"
#include "run_layer.hpp"

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

/// What the kernels of a norm with PReLU do, by a team of the host, three pieces of rows to a sum.
template <class Mode, class T, class In>
struct ByTeam {
  static constexpr int C = channels<In>;
  using G = Channels<T, In>;
  using A = nn::detail::RectifiedBy<nn::point::PReLU, T>;
  using Map = Tensor<T, In, Host, LayoutOf<In, Cuda>>;

  template <int terms, class Team, class Of, class Finish>
  static void sum(Team const& team, std::ptrdiff_t rows, Of const& of, Finish const& finish, double* shared, double* sums) {
    constexpr int pieces = 3;
    for (int piece = 0; piece < pieces; ++piece)
      for (int b = 0; b < G::blocks; ++b) {
        Team::sync();
        sum_rows<T, In, terms>(team, of, b, rows * piece / pieces, rows * (piece + 1) / pieces, shared, sums + piece * terms * C);
      }
    Team::sync();
    for (int b = 0; b * finish_channels < C; ++b, Team::sync()) sum_pieces<C, terms>(team, finish, b, sums, pieces, shared);
  }
  template <bool onto_base, int inputs, class Team, class Of>
  static void map(Team const& team, std::ptrdiff_t rows, Of const& of, T const* const (&x)[inputs], T const* base, T* to) {
    for (int b = 0; b < G::blocks; ++b)
      for (std::ptrdiff_t first = 0; first < rows; first += G::map_rows)
        map_rows<T, In, onto_base>(team, of, b, first, std::min(rows, first + G::map_rows), x, base, to);
  }
};

/// A step of the layer by a team: y = x + PReLU(BatchNorm(x)), dx = dy + ...
template <class Team, class Mode, class T, class In>
Results<T> by_team(test::RunLayer<Added<channels<In>>, T, In>& run, void (*work)(void (*)(void*), void*)) {
  using By = ByTeam<Mode, T, In>;
  using Layer = BatchNorm<By::C>;
  using Map = typename By::Map;
  auto const like_gpu = [](auto const& from) {
    Map to(from.batch());
    copy(from.read(), to.write());
    return to;
  };
  int const batch = run.x.batch();
  Map const x = like_gpu(run.x), dy = like_gpu(run.dy);
  Map y(batch), dx(batch);
  auto& p = run.weights.params.body.template at<0>();
  auto& slope = run.weights.params.body.template at<1>().weight;
  T mean[By::C], inverse[By::C], b[By::C], d[By::C];
  std::vector<double> shared(3 * 256 * 4), sums(9 * By::C);
  auto const body = [&] {
    Team const team;
    auto const rows = By::G::rows(batch);
    double const count = static_cast<double>(rows);
    T const* const xs = x.span().data();
    T const* const dys = dy.span().data();
    typename By::A const rectified{slope.value(), slope.gradient()};
    if constexpr (std::is_same_v<Mode, Training>) {
      By::template sum<2>(team, rows, Powers<T>{xs},
                          Statistics<Layer, T>{count, mean, inverse, p.running_mean.value(), p.running_var.value()}, shared.data(),
                          sums.data());
    } else {
      for (int c = Team::rank(); c < By::C; c += Team::size)
        RunningStatistics<Layer, T>{mean, inverse, p.running_mean.value(), p.running_var.value()}(c);
      Team::sync();
    }
    NormOf<typename By::A, T> const norm{mean, p.weight.value(), inverse, p.bias.value(), rectified};
    By::template map<true, 1>(team, rows, NormOutput<typename By::A, T>{norm}, {xs}, xs, y.span().data());
    By::template sum<3>(team, rows, NormTerms<typename By::A, T>{norm, xs, dys},
                        NormGradients<Mode, typename By::A, T>{count, norm, p.weight.gradient(), p.bias.gradient(), b, d}, shared.data(),
                        sums.data());
    By::template map<true, 2>(team, rows, NormPull<typename By::A, T>{norm, b, d}, {xs, dys}, dys, dx.span().data());
  };
  work([](void* what) { (*static_cast<decltype(body)*>(what))(); }, const_cast<void*>(static_cast<void const*>(&body)));
  copy(y.read(), run.y.write());
  copy(dx.read(), run.dx.write());
  return results(run);
}
void alone(void (*f)(void*), void* body) { f(body); }
void by_five(void (*f)(void*), void* body) {
  Crew<5>::work([&] { f(body); });
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
                   Case<float, Inference, Shape<32, 3, 3>, 2>) {
  using T = typename Each::T;
  using Mode = typename Each::Mode;
  using In = typename Each::In;
  using L = Added<channels<In>>;
  test::RunLayer<L, T, In> host(Each::batch), solo(Each::batch), crew(Each::batch);
  host.template forward<Mode>();
  host.template backward<Mode>();
  auto const expected = results(host), found = by_team<Solo, Mode>(solo, alone), of_five = by_team<Crew<5>, Mode>(crew, by_five);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);  // y, dx, gradients, buffers
    CHECK(difference(found[i], expected[i]) < rounding<T>);
  }
  CHECK(of_five == found);  // whoever adds, the order is the same
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
