#include <berl/nn/conv2d.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "golden_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits, test::skip_changes_no_gradient;

namespace {
/// y, dx and the parameters' gradients of one case: in double to 1e-10, where sums of up to 3200 terms differ by their order
/// alone, and in float to what the fixture says.
template <class L, class In>
void as_reference(test::Golden const& fixture, std::string const& name, int batch) {
  CAPTURE(name);
  std::size_t const arrays = fixture.contains(name + "/gbias") ? 4 : 3;
  auto const exact = test::LayerCase<L, Training, In, double>(fixture, name, batch).run(name);
  CHECK(exact.error.size() == arrays);
  CHECK(exact.worst() < 1e-10);
  auto const single = test::LayerCase<L, Training, In, float>(fixture, name, batch).run(name);
  CHECK(single.error.size() == arrays);
  CHECK(single.worst() < 2e-5);
}

static_assert(std::is_same_v<OutputOf<Conv2d<3, 8, 3>, Shape<3, 9, 11>>, Shape<8, 9, 11>>);
static_assert(std::is_same_v<OutputOf<Conv2d<3, 8, 3, 2>, Shape<3, 9, 11>>, Shape<8, 5, 6>>);
static_assert(std::is_same_v<OutputOf<Conv2d<3, 8, 4, 2, 1>, Shape<3, 12, 10>>, Shape<8, 6, 5>>);
static_assert(std::is_same_v<OutputOf<ConvTranspose2d<3, 8, 4, 2, 1>, Shape<3, 6, 5>>, Shape<8, 12, 10>>);
static_assert(macs<Conv2d<3, 64, 3>, Shape<3, 112, 112>>() == 64LL * 112 * 112 * 3 * 9);
static_assert(macs<ConvTranspose2d<256, 512, 4, 1, 0>, Shape<256, 1, 1>>() == 256LL * 512 * 16);
}  // namespace

TEST_CASE("a convolution gives the reference's values and gradients") {
  test::Golden const g("layers_conv2d");
  as_reference<Conv2d<5, 7, 3>, Shape<5, 9, 11>>(g, "k3s1p1", 2);
  as_reference<Conv2d<4, 6, 3, 1, 1, Bias>, Shape<4, 8, 8>>(g, "k3s1p1_bias", 2);
  as_reference<Conv2d<5, 7, 3, 2>, Shape<5, 9, 11>>(g, "k3s2p1_odd", 2);
  as_reference<Conv2d<6, 4, 3, 2>, Shape<6, 8, 10>>(g, "k3s2p1_even", 2);
  as_reference<Conv2d<5, 3, 1, 1, 0, Bias>, Shape<5, 7, 6>>(g, "k1s1p0", 2);
  as_reference<Conv2d<6, 9, 1, 2>, Shape<6, 8, 8>>(g, "k1s2p0_even", 2);
  as_reference<Conv2d<6, 9, 1, 2>, Shape<6, 7, 5>>(g, "k1s2p0_odd", 1);
  as_reference<Conv2d<3, 8, 4, 2, 1>, Shape<3, 12, 10>>(g, "k4s2p1", 2);
  as_reference<Conv2d<4, 5, 4, 1, 0>, Shape<4, 4, 4>>(g, "k4s1p0", 2);
  as_reference<Conv2d<4, 3, 5>, Shape<4, 10, 9>>(g, "k5s1p2", 2);
  as_reference<Conv2d<3, 5, 5, 1, 2, Bias>, Shape<3, 6, 6>>(g, "k5s1p2_bias", 1);
}

TEST_CASE("a convolution of the networks' sizes gives the reference's values and gradients") {
  test::Golden const g("layers_conv2d");
  as_reference<Conv2d<64, 64, 3>, Shape<64, 14, 14>>(g, "big_k3s1p1", 2);
  as_reference<Conv2d<64, 128, 3, 2>, Shape<64, 28, 28>>(g, "big_k3s2p1", 2);
  as_reference<Conv2d<128, 256, 1, 2>, Shape<128, 14, 14>>(g, "big_k1s2p0", 2);
  as_reference<Conv2d<64, 128, 4, 2, 1>, Shape<64, 32, 32>>(g, "big_k4s2p1", 2);
  as_reference<Conv2d<64, 3, 5>, Shape<64, 32, 32>>(g, "big_k5s1p2", 1);
  as_reference<Conv2d<3, 64, 3>, Shape<3, 56, 56>>(g, "big_stem", 1);
}

TEST_CASE("a transposed convolution gives the reference's values and gradients") {
  test::Golden const g("layers_conv_transpose2d");
  as_reference<ConvTranspose2d<5, 6, 4, 2, 1>, Shape<5, 4, 3>>(g, "k4s2p1", 2);
  as_reference<ConvTranspose2d<3, 4, 4, 2, 1, Bias>, Shape<3, 5, 5>>(g, "k4s2p1_bias", 1);
  as_reference<ConvTranspose2d<6, 5, 4, 1, 0>, Shape<6, 1, 1>>(g, "k4s1p0_1x1", 3);
  as_reference<ConvTranspose2d<4, 5, 4, 1, 0, Bias>, Shape<4, 3, 2>>(g, "k4s1p0_3x2", 2);
  as_reference<ConvTranspose2d<256, 128, 4, 2, 1>, Shape<256, 8, 8>>(g, "big_k4s2p1", 2);
  as_reference<ConvTranspose2d<256, 512, 4, 1, 0>, Shape<256, 1, 1>>(g, "big_k4s1p0", 2);
}

TEST_CASE("the gradients of a convolution are its differences") {
  check_layer<Conv2d<5, 9, 3, 1, 1, Bias>, Training, Shape<5, 4, 1>>(1);  // as few columns as there can be
  check_layer<Conv2d<3, 17, 3, 2>, Training, Shape<3, 5, 7>>(5);
  check_layer<Conv2d<33, 3, 1>, Training, Shape<33, 2, 3>>(2);
  check_layer<Conv2d<7, 2, 1, 2>, Training, Shape<7, 5, 4>>(2);
  check_layer<Conv2d<2, 5, 5, 3>, Training, Shape<2, 8, 5>>(4);
  check_layer<Conv2d<2, 3, 2, 1, 0, Bias>, Inference, Shape<2, 3, 6>>(1);
  check_layer<Conv2d<4, 6, 4, 2, 1, Bias>, Training, Shape<4, 6, 7>>(2);  // the last column is not reached
}

TEST_CASE("the gradients of a transposed convolution are its differences") {
  check_layer<ConvTranspose2d<9, 5, 4, 2, 1, Bias>, Training, Shape<9, 3, 2>>(1);
  check_layer<ConvTranspose2d<2, 17, 4, 1, 0>, Training, Shape<2, 1, 1>>(5);
  check_layer<ConvTranspose2d<3, 2, 3, 3, 1>, Training, Shape<3, 2, 4>>(2);
  check_layer<ConvTranspose2d<3, 4, 1, 2, 0>, Inference, Shape<3, 3, 2>>(2);  // most outputs have no tap at all
}

TEST_CASE("a convolution leaves the same bits for any number of threads") {
  CHECK(same_bits<Conv2d<5, 19, 3, 1, 1, Bias>, Training, Shape<5, 13, 11>>(1));
  CHECK(same_bits<Conv2d<5, 19, 3, 1, 1, Bias>, Training, Shape<5, 13, 11>>(5));
  CHECK(same_bits<Conv2d<35, 33, 3, 2>, Training, Shape<35, 9, 10>>(19));
  CHECK(same_bits<Conv2d<130, 120, 3>, Training, Shape<130, 4, 5>>(3));  // weights of more than 512 KiB
  CHECK(same_bits<ConvTranspose2d<6, 19, 4, 2, 1, Bias>, Training, Shape<6, 5, 7>>(2));
  CHECK(same_bits<ConvTranspose2d<6, 19, 4, 2, 1, Bias>, Training, Shape<6, 5, 7>>(9));
}

TEST_CASE("a convolution whose dx nobody wants has the same parameter gradients") {
  CHECK(skip_changes_no_gradient<Conv2d<5, 9, 3, 2, 1, Bias>, Training, Shape<5, 9, 7>>(3));
  CHECK(skip_changes_no_gradient<ConvTranspose2d<5, 9, 4, 2, 1, Bias>, Training, Shape<5, 3, 4>>(3));
}

TEST_CASE("a transposed convolution is the adjoint of the convolution with its weights") {
  // <conv x, z> = <x, transposed z>, in double: 6 * 9 * 10 products of order 1 differ by their order, some 1e-13
  test::RunLayer<Conv2d<3, 5, 4, 2, 1>, double, Shape<3, 8, 10>> direct(2);
  test::RunLayer<ConvTranspose2d<5, 3, 4, 2, 1>, double, Shape<5, 4, 5>> adjoint(2);
  auto& weight = direct.weights.params.weight;
  std::copy_n(weight.value(), 5 * 3 * 16, adjoint.weights.params.weight.value());
  direct.forward<Training>();
  adjoint.forward<Training>();
  double left = 0, right = 0;
  for (std::size_t i = 0; i < direct.y.size(); ++i) left += direct.y[i] * adjoint.x[i];
  for (std::size_t i = 0; i < direct.x.size(); ++i) right += direct.x[i] * adjoint.y[i];
  CHECK(left == doctest::Approx(right).epsilon(1e-12));
}
