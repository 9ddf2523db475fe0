#include <berl/nn/linear.hpp>

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
  std::size_t const arrays = fixture.contains(name + "/gbias") ? 4 : 3;
  auto const exact = test::LayerCase<L, Training, In, double>(fixture, name, batch).run(name);
  CHECK(exact.error.size() == arrays);
  CHECK(exact.worst() < 1e-10);
  CHECK(test::LayerCase<L, Training, In, float>(fixture, name, batch).run(name).worst() < 1e-5);
}
static_assert(std::is_same_v<OutputOf<Linear<24, 7>, Shape<2, 3, 4>>, Shape<7>>);
static_assert(std::is_same_v<OutputOf<Flatten, Shape<2, 3, 4>>, Shape<24>>);
static_assert(macs<Linear<512, 300, NoBias>, Shape<512>>() == 512 * 300);
}  // namespace

TEST_CASE("a linear layer gives the reference's values and gradients") {
  test::Golden const g("layers_act_linear");
  as_reference<Linear<17, 11, NoBias>, Shape<17>>(g, "linear", 4);
  as_reference<Linear<33, 8>, Shape<33>>(g, "linear_bias", 5);
  as_reference<Linear<512, 300, NoBias>, Shape<512>>(g, "big_linear", 8);
}

TEST_CASE("a linear layer is y = W x + b, for any number of rows") {
  for (int const batch : {1, 5}) {
    test::RunLayer<Linear<60, 67>, double, Shape<3, 4, 5>> run(batch, 3);
    run.forward<Training>();
    auto const& p = run.weights.params;
    for (int n = 0; n < batch; ++n)
      for (int o = 0; o < 67; ++o) {
        double sum = p.bias.value()[o];
        for (int i = 0; i < 60; ++i) sum += p.weight.value()[o * 60 + i] * run.x[static_cast<std::size_t>(n * 60 + i)];
        CHECK(std::abs(run.y[static_cast<std::size_t>(n * 67 + o)] - sum) < 1e-13);  // 60 roundings of 1e-16 times some 5
      }
  }
}

TEST_CASE("the gradients of a linear layer are its differences") {
  check_layer<Linear<7, 65>, Training, Shape<7>>(1);
  check_layer<Linear<66, 3, NoBias>, Training, Shape<11, 2, 3>>(5);
  check_layer<Residual<Linear<7, 7>>, Training, Shape<7>>(3);  // y = x + W x + b
  check_layer<Flatten, Training, Shape<2, 3, 4>>(2);
}

TEST_CASE("a linear layer leaves the same bits for any number of threads, with dx and without") {
  CHECK(same_bits<Linear<67, 130>, Training, Shape<67>>(3));
  CHECK(same_bits<Linear<1568, 96>, Training, Shape<32, 7, 7>>(70));  // long sums, which a product is free to cut
  CHECK(skip_changes_no_gradient<Linear<67, 130>, Training, Shape<67>>(3));
}
