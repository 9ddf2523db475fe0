#include <berl/nn/fold.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;

namespace {
/// Largest difference between convolution and batch norm, one after the other, and the one convolution they fold into.
template <class Conv, class Norm, class T, class In>
double difference_when_folded(int batch) {
  struct Both : Sequential<Conv, Norm> {};
  test::RunLayer<Both, T, In> both(batch);
  test::RunLayer<typename nn::detail::folded_pair<Conv, Norm>::type, T, In> one(batch);
  one.x = both.x;
  fold<Conv, Norm, T>(both.weights.params.template at<0>(), both.weights.params.template at<1>(), one.weights.params);
  both.template forward_forget<Inference>();
  one.template forward_forget<Inference>();
  double worst = 0;
  for (std::size_t i = 0; i < one.y.size(); ++i) {
    double const e = std::abs(static_cast<double>(one.y[i]) - static_cast<double>(both.y[i]));
    if (!(e <= worst)) worst = std::isnan(e) ? HUGE_VAL : e;
  }
  return worst;
}
}  // namespace

TEST_CASE("a batch norm folds into the convolution before it") {
  // values of order 10, rounded once more by 1e-16 in each of 45 products, which the batch norm scales by at most sqrt(2)
  CHECK(difference_when_folded<Conv2d<5, 9, 3>, BatchNorm<9>, double, Shape<5, 7, 6>>(2) < 1e-12);
  CHECK(difference_when_folded<Conv2d<4, 3, 3, 2, 1, Bias>, BatchNorm<3>, double, Shape<4, 9, 6>>(3) < 1e-12);
  CHECK(difference_when_folded<Linear<60, 7>, BatchNorm<7, Fixed>, double, Shape<5, 3, 4>>(2) < 1e-12);
  CHECK(difference_when_folded<Conv2d<6, 7, 1, 2>, BatchNorm<7, Fixed>, double, Shape<6, 4, 4>>(1) < 1e-12);
  // the same in float, where a rounding is 6e-8
  CHECK(difference_when_folded<Conv2d<5, 9, 3>, BatchNorm<9>, float, Shape<5, 7, 6>>(2) < 2e-5);
}

TEST_CASE("folding takes the running statistics' own numbers") {
  Weights<Conv2d<1, 1, 1, 1, 0, Bias>, double> conv, folded;
  Weights<BatchNorm<1>, double> norm;
  *conv.params.weight.value() = 3;
  *conv.params.bias.value() = 5;
  *norm.params.weight.value() = 2;
  *norm.params.bias.value() = 7;
  *norm.params.running_mean.value() = 1;
  *norm.params.running_var.value() = 0.25 - 1e-5;  // eps makes it a quarter, so s = 4
  fold<Conv2d<1, 1, 1, 1, 0, Bias>, BatchNorm<1>, double>(conv.params, norm.params, folded.params);
  CHECK(*folded.params.weight.value() == doctest::Approx(12).epsilon(1e-14));
  CHECK(*folded.params.bias.value() == doctest::Approx(4 * (5 - 1) + 7).epsilon(1e-14));
}

TEST_CASE("a network folds wherever a norm follows a convolution, and nowhere else") {
  using Conv = Conv2d<3, 3, 3>;
  using Norm = BatchNorm<3>;
  struct Body : Sequential<Named<"bn1", Norm>, Named<"conv1", Conv>, Named<"bn2", Norm>, Named<"prelu", PReLU<3>>, Conv, Norm> {};
  struct Block : Residual<Body> {};
  struct Down : Residual<Body, Named<"downsample", Sequential<Conv2d<3, 3, 1>, Norm>>> {};
  struct Whole : Sequential<Named<"layers", Repeat<2, Block>>, Down, Norm, Dropout<40>, Linear<60, 4>, BatchNorm<4>, Tanh> {};
  static_assert(Folded<Body>::layers::size == 4 && Folded<Whole>::layers::size == 5);
  static_assert(std::is_base_of_v<Sequential<Norm, Conv2d<3, 3, 3, 1, 1, Bias>, PReLU<3>, Conv2d<3, 3, 3, 1, 1, Bias>>, Folded<Body>>);
  using In = Shape<3, 4, 5>;
  test::RunLayer<Whole, double, In> trained(3);
  test::RunLayer<Folded<Whole>, double, In> folded(3);
  fold<Whole, double>(trained.weights.params, folded.weights.params);
  folded.x = trained.x;
  trained.forward_forget<Inference>();
  folded.forward_forget<Inference>();
  for (std::size_t i = 0; i < folded.y.size(); ++i)
    CHECK(std::abs(folded.y[i] - trained.y[i]) < 1e-12);  // outputs of tanh; three blocks of sums of 27 products that are rounded by 1e-16
}
