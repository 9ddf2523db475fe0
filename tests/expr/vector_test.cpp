#include "expression.hpp"

using namespace expression;

static_assert(std::is_same_v<shape_of<decltype(dot(albedo, tint))>, Plane>);
static_assert(std::is_same_v<shape_of<decltype(cross(tint, albedo))>, Map>);
static_assert(std::is_same_v<shape_of<decltype(stack(shading, ambient, 1))>, Map>);
static_assert(std::is_same_v<shape_of<decltype(channel<2>(albedo))>, Plane>);

TEST_CASE("dot, cross, normalize, channel and stack by their formulas") {
  int const N = 2;
  auto const a = random<double, Map>(N, 1), b = random<double, Map>(N, 2);
  Tensor<double, Map> c(N), unit(N), turned(N);
  Tensor<double, Plane> d(N);
  Context<Host> ctx;
  auto const values = bind(albedo = a, normal = b);
  evaluate(ctx, dot(albedo, normal), values, d.write());
  evaluate(ctx, cross(albedo, normal), values, c.write());
  evaluate(ctx, normalize(albedo), values, unit.write());
  evaluate(ctx, stack(channel<2>(albedo), 0.5, channel<0>(normal)), values, turned.write());
  std::size_t const P = H * W;
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t p = 0; p < P; ++p) {
      std::size_t const x = n * 3 * P + p, y = x + P, z = y + P;
      double const rounding = 1e-15;  // three products of numbers below 1
      REQUIRE(std::fabs(d[n * P + p] - (a[x] * b[x] + a[y] * b[y] + a[z] * b[z])) < rounding);
      REQUIRE(std::fabs(c[x] - (a[y] * b[z] - a[z] * b[y])) < rounding);
      REQUIRE(std::fabs(c[y] - (a[z] * b[x] - a[x] * b[z])) < rounding);
      REQUIRE(std::fabs(c[z] - (a[x] * b[y] - a[y] * b[x])) < rounding);
      REQUIRE(std::fabs(unit[x] * unit[x] + unit[y] * unit[y] + unit[z] * unit[z] - 1) < rounding);
      REQUIRE(std::fabs(unit[y] * a[x] - unit[x] * a[y]) < rounding);
      REQUIRE((turned[x] == a[z] && turned[y] == 0.5 && turned[z] == b[x]));
    }
}
TEST_CASE("gradients over the channels, whole and broadcast") {
  CHECK(testing::check_gradients(dot(albedo, normal)) < difference_tolerance);
  CHECK(testing::check_gradients(albedo * dot(albedo, tint)) < difference_tolerance);
  CHECK(testing::check_gradients(cross(albedo, normal)) < difference_tolerance);
  CHECK(testing::check_gradients(cross(tint, cross(column, albedo))) < difference_tolerance);
  CHECK(testing::check_gradients(normalize(albedo)) < difference_tolerance);
  CHECK(testing::check_gradients(normalize(tint) * shading) < difference_tolerance);
  CHECK(testing::check_gradients(stack(shading, ambient, row) * channel<1>(albedo)) < difference_tolerance);
  CHECK(testing::check_gradients(dot(stack(channel<2>(albedo), 1, shading * shading), normalize(normal))) < difference_tolerance);
}
