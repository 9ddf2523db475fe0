#include <berl/core/tensor.hpp>
#include <berl/losses/depth_smoothness.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

#include <cmath>

using namespace berl;
using namespace berl::losses;
namespace {
Context<Host> context(int batch) {
  Context<Host> ctx;
  ctx.scratch = Arena(DepthSmoothness::scratch(batch));
  return ctx;
}
}  // namespace

TEST_CASE("a ramp is as rough as it is steep") {
  constexpr int S = 8;
  Tensor<double, Shape<1, S, S>> depth(2);
  for (std::size_t i = 0; i < depth.size(); ++i) depth[i] = 1 + 0.01 * static_cast<double>(i % S) - 0.02 * static_cast<double>(i / S % S);
  auto ctx = context(2);
  CHECK(depth_smoothness(ctx, imaging::Settings{}, depth.read()) == doctest::Approx((0.01 + 0.02) / 0.2).epsilon(1e-12));
}
TEST_CASE("gradients by differences, stored and added") {
  constexpr int S = 8;
  Tensor<double, Shape<1, S, S>> depth(2), d(2, std::nan("")), added(2, 3.0);
  auto const noise = golden::filled("depth", depth.size(), 0.1, 1);
  for (std::size_t i = 0; i < depth.size(); ++i) depth[i] = static_cast<double>(noise[i]);
  auto ctx = context(2);
  depth_smoothness_backward(ctx, imaging::Settings{}, depth.read(), 0.7, d.write());
  depth_smoothness_backward(ctx, imaging::Settings{}, depth.read(), 0.7, added.add());
  depth_smoothness_backward(ctx, imaging::Settings{}, depth.read(), 0.7, Skip<double, Shape<1, S, S>, Host>{});
  double const h = 1e-7;  // below the smallest difference of two neighbours
  for (std::size_t i = 0; i < depth.size(); ++i) {
    double const kept = depth[i];
    depth[i] = kept + h;
    double const above = depth_smoothness(ctx, imaging::Settings{}, depth.read());
    depth[i] = kept - h;
    double const below = depth_smoothness(ctx, imaging::Settings{}, depth.read());
    depth[i] = kept;
    REQUIRE(std::fabs(0.7 * (above - below) / (2 * h) - d[i]) < 1e-7);  // rounding 1e-15 / h
    REQUIRE(added[i] == doctest::Approx(3 + d[i]).epsilon(1e-15));
  }
}
