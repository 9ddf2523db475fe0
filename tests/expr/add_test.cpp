#include "expression.hpp"

using namespace expression;

static_assert(std::is_same_v<shape_of<decltype(albedo + ambient)>, Map>);
static_assert(std::is_same_v<shape_of<decltype(row + column)>, Map>);
static_assert(std::is_empty_v<std::remove_cvref_t<decltype(albedo)>>);

TEST_CASE("sums and differences of all kinds of operands") {
  int const N = 2;
  auto a = random<double, Map>(N, 1), b = random<double, Map>(N, 2);
  auto k = random<double, Value>(N, 3);
  auto c = random<double, Shape<3, H, 1>>(N, 4);
  auto r = random<double, Shape<1, 1, W>>(N, 5);
  Tensor<double, Map> y(N);
  Context<Host> ctx;
  evaluate(ctx, 1 + albedo - ambient + (column - row) - (-normal) - 0.5, bind(albedo = a, normal = b, ambient = k, column = c, row = r),
           y.write());
  for (int n = 0; n < N; ++n)
    for (int ch = 0; ch < 3; ++ch)
      for (int v = 0; v < H; ++v)
        for (int u = 0; u < W; ++u) {
          auto const i = static_cast<std::size_t>(((n * 3 + ch) * H + v) * W + u);
          double const expected =
              1 + a[i] - k[std::size_t(n)] + (c[std::size_t((n * 3 + ch) * H + v)] - r[std::size_t(n * W + u)]) + b[i] - 0.5;
          REQUIRE(y[i] == doctest::Approx(expected).epsilon(1e-15));  // the same operations in the same order
        }
}
TEST_CASE("gradients of sums and differences") {
  CHECK(testing::check_gradients(albedo + shading) < difference_tolerance);
  CHECK(testing::check_gradients(ambient - albedo) < difference_tolerance);
  CHECK(testing::check_gradients(2 - tint + (-albedo)) < difference_tolerance);
  CHECK(testing::check_gradients(row - column) < difference_tolerance);
}
