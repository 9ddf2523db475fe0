#include <berl/nn/pointwise.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "golden_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits;

namespace {
/// In double to 1e-10, in float to what the fixture says.
template <class L, class In>
void as_reference(test::Golden const& fixture, std::string const& name, int batch) {
  CAPTURE(name);
  auto const exact = test::LayerCase<L, Inference, In, double>(fixture, name, batch).run(name);
  CHECK(exact.error.size() == 2);  // y and gx
  CHECK(exact.worst() < 1e-10);
  CHECK(test::LayerCase<L, Inference, In, float>(fixture, name, batch).run(name).worst() < 1e-5);
}
}  // namespace

TEST_CASE("activations give the reference's values and slopes, at a kink the negative side's") {
  test::Golden const g("layers_act_linear");
  as_reference<LeakyReLU<20>, Shape<6, 5, 4>>(g, "leaky_relu", 2);
  as_reference<ReLU, Shape<6, 5, 4>>(g, "relu", 2);
  as_reference<Tanh, Shape<6, 5, 4>>(g, "tanh", 2);
  as_reference<Sigmoid, Shape<9>>(g, "sigmoid", 4);
  as_reference<Softplus, Shape<9>>(g, "softplus", 4);
}

TEST_CASE("values and slopes at and far from 0") {
  static_assert(point::ReLU::value(0.0) == 0 && point::ReLU::slope(0.0) == 0 && point::ReLU::slope(1e-300) == 1);
  static_assert(point::LeakyReLU<20>::value(-1.0) == -0.2 && point::LeakyReLU<20>::slope(0.0) == 0.2);
  CHECK(point::Softplus::value(21.0) == 21);
  CHECK(point::Softplus::slope(21.0) == 1);
  CHECK(point::Softplus::value(0.0) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
  for (float const x : {-200.0f, 200.0f}) {  // exp overflows in float, and neither may give infinity or NaN
    CHECK(std::isfinite(point::Sigmoid::value(x)));
    CHECK(point::Sigmoid::slope(x) == 0);
    CHECK(std::isfinite(point::Softplus::value(x)));
    CHECK(std::isfinite(point::Softplus::slope(x)));
  }
}

TEST_CASE("the gradients of activations are their differences") {
  check_layer<ReLU, Training, Shape<3, 2, 3>>(1);
  check_layer<LeakyReLU<20>, Training, Shape<7>>(3);
  check_layer<Tanh, Training, Shape<2, 1, 5>>(2);
  check_layer<Sigmoid, Training, Shape<11>>(2);
  check_layer<Softplus, Training, Shape<11>>(2);
}

TEST_CASE("activations leave the same bits for any number of threads") {
  CHECK(same_bits<Tanh, Training, Shape<3, 71, 67>>(4));  // more than one piece of 16 Ki
  CHECK(same_bits<LeakyReLU<10>, Training, Shape<3, 71, 67>>(4));
}
