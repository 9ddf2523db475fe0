#include <berl/nn/resample.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "golden_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits;

static_assert(std::is_same_v<OutputOf<Upsample, Shape<3, 4, 5>>, Shape<3, 8, 10>>);
static_assert(std::is_same_v<OutputOf<Average, Shape<3, 4, 5>>, Shape<3>>);

TEST_CASE("upsampling gives the reference's values and gradients") {
  test::Golden const g("layers_conv_transpose2d");
  auto const exact = test::LayerCase<Upsample, Training, Shape<3, 4, 5>, double>(g, "up_0", 2).run("up_0");
  CHECK(exact.error.size() == 2);  // y, gx
  CHECK(exact.worst() < 1e-10);
  auto const single = test::LayerCase<Upsample, Training, Shape<3, 4, 5>, float>(g, "up_0", 2).run("up_0");
  CHECK(single.worst() < 2e-5);  // the fixture's figure
}

TEST_CASE("the gradients of resampling are its differences") {
  check_layer<Upsample, Training, Shape<3, 1, 5>>(2);
  check_layer<Average, Training, Shape<5, 3, 7>>(3);
}

TEST_CASE("the average is the mean of each channel") {
  test::RunLayer<Average, double, Shape<2, 2, 2>> run(1);
  for (int i = 0; i < 8; ++i) run.x[static_cast<std::size_t>(i)] = i;
  run.forward<Training>();
  CHECK(run.y[0] == 1.5);
  CHECK(run.y[1] == 5.5);
}

TEST_CASE("resampling leaves the same bits for any number of threads") {
  CHECK(same_bits<Upsample, Training, Shape<3, 5, 7>>(3));
  CHECK(same_bits<Average, Training, Shape<9, 5, 7>>(2));
}
