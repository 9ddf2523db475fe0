#include "expression.hpp"

using namespace expression;

TEST_CASE("Eq. 1 by its formula, forward and backward, stored and added") {
  int const N = 2;
  auto const image = albedo * (ambient + tint * shading);
  auto const a = random<double, Map>(N, 1);
  auto const s = random<double, Plane>(N, 2);
  auto const ka = random<double, Value>(N, 3);
  auto const kd = random<double, Shape<3, 1, 1>>(N, 4);
  auto const dy = random<double, Map>(N, 5);
  Tensor<double, Map> y(N), da(N, std::nan(""));
  Tensor<double, Plane> ds(N, 5);
  Tensor<double, Value> dka(N, std::nan(""));
  Tensor<double, Shape<3, 1, 1>> dkd(N, 7);
  Context<Host> ctx;
  auto const values = bind(albedo = a, shading = s, ambient = ka, tint = kd);
  evaluate(ctx, image, values, y.write());
  gradient(ctx, image, wrt(albedo, shading, ambient, tint), values, dy.read(),
           bind(albedo = da.write(), shading = ds.add(), ambient = dka.write(), tint = dkd.add()));
  double const rounding = 1e-13;  // sums of up to 435 products near 1 in double
  for (std::size_t n = 0; n < N; ++n) {
    double rka = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      double rkd = 0;
      for (std::size_t p = 0; p < H * W; ++p) {
        std::size_t const i = (n * 3 + c) * H * W + p, j = n * H * W + p;
        double const light = ka[n] + kd[n * 3 + c] * s[j];
        REQUIRE(std::fabs(y[i] - a[i] * light) < rounding);
        REQUIRE(std::fabs(da[i] - dy[i] * light) < rounding);
        rka += dy[i] * a[i];
        rkd += dy[i] * a[i] * s[j];
      }
      CHECK(std::fabs(dkd[n * 3 + c] - 7 - rkd) < rounding);
    }
    CHECK(std::fabs(dka[n] - rka) < rounding);
    for (std::size_t p = 0; p < H * W; ++p) {
      double r = 5;
      for (std::size_t c = 0; c < 3; ++c) r += dy[(n * 3 + c) * H * W + p] * a[(n * 3 + c) * H * W + p] * kd[n * 3 + c];
      REQUIRE(std::fabs(ds[n * H * W + p] - r) < rounding);
    }
  }
}
TEST_CASE("gradients of products and quotients") {
  CHECK(testing::check_gradients(albedo * normal) < difference_tolerance);
  CHECK(testing::check_gradients(albedo * albedo / tint) < difference_tolerance);
  CHECK(testing::check_gradients(ambient / shading) < difference_tolerance);
  CHECK(testing::check_gradients(2 * row / column - column / 3) < difference_tolerance);
  CHECK(testing::check_gradients(1 / albedo) < difference_tolerance);
}
TEST_CASE("numbers broadcast to any rank") {
  constexpr auto x = leaf<struct X, Shape<7>>;
  auto const v = random<float, Shape<7>>(1, 1);
  Tensor<float, Shape<7>> y(1);
  Context<Host> ctx;
  evaluate(ctx, 2 * x - 1, bind(x = v), y.write());
  for (std::size_t i = 0; i < 7; ++i) CHECK(y[i] == 2 * v[i] - 1);
  CHECK(testing::check_gradients(3 - x / 4) < difference_tolerance);
}
