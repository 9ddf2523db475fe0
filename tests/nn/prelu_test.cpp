#include <berl/nn/prelu.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "golden_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits, test::skip_changes_no_gradient;

namespace {
/// In double to 1e-10, in float to what the fixture says.
template <class L, class In>
void as_reference(test::Golden const& fixture, std::string const& name, int batch) {
  CAPTURE(name);
  auto const exact = test::LayerCase<L, Training, In, double>(fixture, name, batch).run(name);
  CHECK(exact.error.size() == 3);  // y, gx, gweight
  CHECK(exact.worst() < 1e-10);
  CHECK(test::LayerCase<L, Training, In, float>(fixture, name, batch).run(name).worst() < 1e-5);
}
}  // namespace

TEST_CASE("a PReLU gives the reference's values and gradients, at 0 the negative side's") {
  test::Golden const g("layers_act_linear");
  as_reference<PReLU<6>, Shape<6, 5, 4>>(g, "prelu4d", 2);
  as_reference<PReLU<9>, Shape<9>>(g, "prelu2d", 4);
  as_reference<PReLU<1>, Shape<1, 6 * 5, 4>>(g, "prelu_shared", 2);  // one slope for all: the channels as one tall channel
}

TEST_CASE("the gradients of a PReLU are its differences") {
  check_layer<PReLU<5>, Training, Shape<5, 7, 5>>(3);  // 35 pixels: a block of 32 and a rest
  check_layer<PReLU<7>, Training, Shape<7, 1, 1>>(1);
  check_layer<PReLU<3>, Inference, Shape<3>>(4);
}

TEST_CASE("a PReLU leaves the same bits for any number of threads, with dx and without") {
  CHECK(same_bits<PReLU<5>, Training, Shape<5, 13, 11>>(3));
  CHECK(skip_changes_no_gradient<PReLU<5>, Training, Shape<5, 13, 11>>(3));
}

TEST_CASE("a PReLU's slope gradient sums x dy where x is not positive") {
  test::RunLayer<PReLU<1>, double, Shape<1, 1, 4>> run(1);
  double const x[] = {2, 0, -3, -0.5}, dy[] = {1, 10, 4, 2};
  std::copy_n(x, 4, &run.x[0]);
  std::copy_n(dy, 4, &run.dy[0]);
  run.weights.params.weight.value()[0] = 0.25;
  run.forward<Training>();
  run.backward<Training>();
  double const y[] = {2, 0, -0.75, -0.125}, dx[] = {1, 2.5, 1, 0.5};  // exact in binary
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(run.y[i] == y[i]);
    CHECK(run.dx[i] == dx[i]);
  }
  CHECK(run.gradients().at(0) == -13);
}
