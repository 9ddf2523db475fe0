#include <berl/nn/norm.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "golden_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits, test::skip_changes_no_gradient;

namespace {
/// gbias = sum gy and gweight = sum gy (y - bias) / weight, from the fixture's own gy and y. The fixture's train1/gweight,
/// train1/gbias, train2/gweight and train2/gbias repeat the eval step's, as their sums over its gy show, so these stand in.
template <class In, class T>
double parameter_gradients(test::Golden const& fixture, std::string const& name, std::string const& step, T const* gweight,
                           T const* gbias) {
  auto const y = fixture.values<double>(name + step + "/y"), gy = fixture.values<double>(name + step + "/gy");
  auto const weight = fixture.values<double>(name + "/weight"), bias = fixture.values<double>(name + "/bias");
  constexpr std::size_t C = channels<In>, P = plane<In>;
  std::vector<double> dweight(C), dbias(C);
  for (std::size_t i = 0; i < y.size(); ++i) {
    std::size_t const c = i / P % C;
    dbias[c] += gy[i];
    dweight[c] += gy[i] * (y[i] - bias[c]) / weight[c];
  }
  double worst = 0, largest = 0;
  for (std::size_t c = 0; c < C; ++c) {
    worst = std::max({worst, std::abs(static_cast<double>(gweight[c]) - dweight[c]), std::abs(static_cast<double>(gbias[c]) - dbias[c])});
    largest = std::max({largest, std::abs(dweight[c]), std::abs(dbias[c])});
  }
  return worst / largest;
}

template <class L, class In, class T>
void batch_norm(test::Golden const& fixture, std::string const& name, int batch, double tolerance) {
  CAPTURE(name);
  CAPTURE(sizeof(T));
  test::LayerCase<L, Training, In, T> training(fixture, name, batch);
  for (char const* step : {"/train1", "/train2"}) {
    auto run = training.run(name + step);
    CHECK(run.error.erase("gweight") + run.error.erase("gbias") == 2);
    CHECK(run.error.size() == 4);  // y, gx, running_mean, running_var
    auto const& p = training.weights.params;
    CHECK(parameter_gradients<In>(fixture, name, step, p.weight.gradient(), p.bias.gradient()) < tolerance);
    CHECK(run.worst() < tolerance);
  }
  test::LayerCase<L, Inference, In, T> inference(fixture, name, batch);  // with the running statistics that training left
  auto const& from = training.weights.params;
  auto& to = inference.weights.params;
  std::copy_n(from.running_mean.value(), channels<In>, to.running_mean.value());
  std::copy_n(from.running_var.value(), channels<In>, to.running_var.value());
  auto const run = inference.run(name + "/eval");
  CHECK(run.error.size() == 4);
  CHECK(run.worst() < tolerance);
  for (int c = 0; c < channels<In>; ++c) CHECK(to.running_mean.value()[c] == from.running_mean.value()[c]);  // not moved
}
template <class L, class In>
void group_norm(test::Golden const& fixture, std::string const& name, int batch) {
  CAPTURE(name);
  auto const exact = test::LayerCase<L, Training, In, double>(fixture, name, batch).run(name);
  CHECK(exact.error.size() == 4);
  CHECK(exact.worst() < 1e-10);
  CHECK(test::LayerCase<L, Training, In, float>(fixture, name, batch).run(name).worst() < 5e-5);
}
}  // namespace

TEST_CASE("batch norm gives the reference's values, gradients and running statistics, two steps and in inference") {
  test::Golden const g("layers_norm");
  batch_norm<BatchNorm<5>, Shape<5, 6, 7>, double>(g, "bn2d", 4, 1e-10);
  batch_norm<BatchNorm<5>, Shape<5, 6, 7>, float>(g, "bn2d", 4, 5e-5);
  batch_norm<BatchNorm<9>, Shape<9>, double>(g, "bn1d", 6, 1e-10);
  batch_norm<BatchNorm<9>, Shape<9>, float>(g, "bn1d", 6, 5e-5);
  // mean 10, deviation 0.06: a variance from E[x^2] - E[x]^2 is wrong by 4e-3 in float
  batch_norm<BatchNorm<4>, Shape<4, 5, 5>, double>(g, "bn2d_offset", 3, 1e-10);
  batch_norm<BatchNorm<4>, Shape<4, 5, 5>, float>(g, "bn2d_offset", 3, 2e-4);
}

TEST_CASE("group norm gives the reference's values and gradients") {
  test::Golden const g("layers_norm");
  group_norm<GroupNorm<4, 8>, Shape<8, 3, 5>>(g, "gn_4_8", 2);
  group_norm<GroupNorm<16, 64>, Shape<64, 4, 4>>(g, "gn_16_64", 2);
  group_norm<GroupNorm<1, 6>, Shape<6, 4, 3>>(g, "gn_1_6", 2);
}

TEST_CASE("the gradients of the norms are their differences, in training through the statistics") {
  check_layer<BatchNorm<5>, Training, Shape<5, 7, 5>>(3);
  check_layer<BatchNorm<3>, Training, Shape<3, 2, 3>>(1);
  check_layer<BatchNorm<9>, Training, Shape<9>>(5);
  check_layer<BatchNorm<5>, Inference, Shape<5, 7, 5>>(3);
  check_layer<BatchNorm<9>, Inference, Shape<9>>(1);
  check_layer<GroupNorm<3, 9>, Training, Shape<9, 3, 5>>(4);
  check_layer<GroupNorm<2, 2>, Inference, Shape<2, 6, 6>>(1);
  check_layer<GroupNorm<1, 10>, Training, Shape<10>>(2);
}

TEST_CASE("the norms leave the same bits for any number of threads, with dx and without") {
  CHECK(same_bits<BatchNorm<5>, Training, Shape<5, 13, 11>>(9));
  CHECK(same_bits<BatchNorm<5>, Inference, Shape<5, 13, 11>>(2));
  CHECK(same_bits<GroupNorm<3, 9>, Training, Shape<9, 13, 11>>(9));
  CHECK(skip_changes_no_gradient<BatchNorm<5>, Training, Shape<5, 13, 11>>(3));
  CHECK(skip_changes_no_gradient<GroupNorm<3, 9>, Training, Shape<9, 13, 11>>(3));
}

TEST_CASE("a batch norm in training gives mean bias and variance weight^2 to each channel") {
  test::RunLayer<BatchNorm<3>, double, Shape<3, 9, 7>> run(4);
  run.forward<Training>();
  for (int c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (int n = 0; n < 4; ++n)
      for (int p = 0; p < 63; ++p) {
        double const y = run.y[static_cast<std::size_t>((n * 3 + c) * 63 + p)];
        sum += y;
        squares += y * y;
      }
    double const mean = sum / 252, weight = run.weights.params.weight.value()[c];
    CHECK(mean == doctest::Approx(run.weights.params.bias.value()[c]).epsilon(1e-12));
    // eps = 1e-5 against a variance of 1/3: a share of 3e-5
    CHECK(squares / 252 - mean * mean == doctest::Approx(weight * weight).epsilon(1e-4));
  }
}

TEST_CASE("without a pass a norm gives the same, from scratch alone") {
  test::RunLayer<GroupNorm<3, 9>, float, Shape<9, 3, 5>> kept(3), forgotten(3);
  kept.forward<Inference>();
  forgotten.forward_forget<Inference>();
  CHECK(kept.results().size() == forgotten.results().size());
  for (std::size_t i = 0; i < kept.y.size(); ++i) CHECK(kept.y[i] == forgotten.y[i]);
  test::RunLayer<BatchNorm<9>, float, Shape<9, 3, 5>> a(3), b(3);
  a.forward<Inference>();
  b.forward_forget<Inference>();
  for (std::size_t i = 0; i < a.y.size(); ++i) CHECK(a.y[i] == b.y[i]);
}
