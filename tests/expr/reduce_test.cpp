#include "expression.hpp"

using namespace expression;

static_assert(std::is_same_v<shape_of<decltype(mean(albedo))>, Value>);
static_assert(std::is_same_v<shape_of<decltype(sum_plane(albedo * shading))>, Shape<3, 1, 1>>);

TEST_CASE("sums and means as the root") {
  int const N = 2;
  auto const a = random<double, Map>(N, 1);
  Tensor<double, Value> all(N), average(N);
  Tensor<double, Shape<3, 1, 1>> planes(N), averages(N);
  Context<Host> ctx;
  evaluate(ctx, sum(2 * albedo), bind(albedo = a), all.write());
  evaluate(ctx, mean(albedo), bind(albedo = a), average.write());
  evaluate(ctx, sum_plane(albedo), bind(albedo = a), planes.write());
  evaluate(ctx, mean_plane(albedo), bind(albedo = a), averages.write());
  double const rounding = 1e-13;  // of 435 summands below 1
  for (std::size_t n = 0; n < N; ++n) {
    double total = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      double plane_total = 0;
      for (std::size_t p = 0; p < H * W; ++p) plane_total += a[(n * 3 + c) * H * W + p];
      CHECK(std::fabs(planes[n * 3 + c] - plane_total) < rounding);
      CHECK(std::fabs(averages[n * 3 + c] - plane_total / (H * W)) < rounding);
      total += plane_total;
    }
    CHECK(std::fabs(all[n] - 2 * total) < 2 * rounding);
    CHECK(std::fabs(average[n] - total / (3 * H * W)) < rounding);
  }
}
TEST_CASE("gradients through sums and means, at the root, with a name, and one inside another") {
  CHECK(testing::check_gradients(mean(albedo * albedo)) < difference_tolerance);
  CHECK(testing::check_gradients(sum_plane(albedo * shading)) < difference_tolerance);
  auto const middle = let<struct Middle>(mean(shading * ambient));
  CHECK(testing::check_gradients(tanh(shading - middle) * albedo) < difference_tolerance);
  auto const centred = let<struct Centred>(albedo - let<struct PlaneMean>(mean_plane(albedo)));
  auto const variance = let<struct Variance>(mean_plane(centred * centred));
  CHECK(testing::check_gradients(centred / sqrt(variance + 0.1) * tint) < difference_tolerance);
  CHECK(testing::check_gradients(sum(tanh(shading - middle) * row)) < difference_tolerance);
}
TEST_CASE("a row's and a column's gradient is summed over the other axis, also where another region sees it whole") {
  auto const row_mean = let<struct RowMean>(mean(row * row));
  CHECK(testing::check_gradients(row * albedo - row_mean * row) < difference_tolerance);
  CHECK(testing::check_gradients(column * row) < difference_tolerance);
}
TEST_CASE("sums of floats keep their digits") {
  constexpr auto x = leaf<struct Large, Shape<1, 112, 112>>;
  Tensor<float, Shape<1, 112, 112>> const v = random<float, Shape<1, 112, 112>>(1, 1, 0.9, 1.1);
  double expected = 0;
  for (float const f : v.span()) expected += static_cast<double>(f);
  Tensor<float, Value> y(1);
  Context<Host> ctx;
  evaluate(ctx, sum(x), bind(x = v), y.write());
  CHECK(std::fabs(static_cast<double>(y[0]) / expected - 1) < 1e-6);  // 98 summands to a lane, then 7 halvings
}
