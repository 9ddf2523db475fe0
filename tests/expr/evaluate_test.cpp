#include <berl/core/error.hpp>

#include <string>

#include "expression.hpp"

using namespace expression;

static_assert(sizeof(std::remove_cvref_t<decltype(albedo * (ambient + tint * shading))>) <= 4, "a leaf holds nothing");
static_assert(std::is_trivially_copyable_v<std::remove_cvref_t<decltype(albedo * (ambient + 2 * shading))>>);

TEST_CASE("results may be added to what is there, or stored over a leaf") {
  auto a = random<double, Map>(2, 1);
  auto const before = a;
  Tensor<double, Map> y(2, 10);
  Context<Host> ctx;
  evaluate(ctx, 2 * albedo, bind(albedo = a), y.add());
  evaluate(ctx, 2 * albedo, bind(albedo = a), a.write());
  for (std::size_t i = 0; i < y.size(); ++i) {
    REQUIRE(y[i] == 10 + 2 * before[i]);
    REQUIRE(a[i] == 2 * before[i]);
  }
}
TEST_CASE("a leaf bound to one sample serves the whole batch; any other batch is an error") {
  auto const a = random<double, Map>(3, 1);
  auto const k = random<double, Value>(1, 2);
  Tensor<double, Map> y(3);
  Context<Host> ctx;
  evaluate(ctx, albedo * ambient, bind(albedo = a, ambient = k), y.write());
  for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == a[i] * k[0]);
  Tensor<double, Value> const two(2);
  try {
    evaluate(ctx, albedo * ambient, bind(albedo = a, ambient = two), y.write());
    FAIL("accepted");
  } catch (Error const& e) {
    CHECK(std::string(e.what()).find("berl::expr::evaluate: found a leaf bound to a batch of 2; expected a batch of 3") == 0);
  }
  Tensor<double, Value> dk(1);
  CHECK_THROWS_AS(gradient(ctx, albedo * ambient, wrt(ambient), bind(albedo = a, ambient = k), y.read(), bind(ambient = dk.write())),
                  Error);
}
TEST_CASE("float against double") {
  auto const af = random<float, Map>(2, 1, 0.1, 1);
  auto const sf = random<float, Plane>(2, 2, 0.1, 1);
  Tensor<double, Map> a(2), y(2);
  Tensor<double, Plane> s(2);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(af[i]);
  for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<double>(sf[i]);
  Tensor<float, Map> yf(2);
  Context<Host> ctx;
  auto const node = tanh(log(albedo) * exp(shading) + softplus(albedo)) / sqrt(shading + 0.5);
  evaluate(ctx, node, bind(albedo = af, shading = sf), yf.write());
  evaluate(ctx, node, bind(albedo = a, shading = s), y.write());
  CHECK(largest_difference(yf, y) < 2e-6);  // a dozen roundings of 6e-8 of values up to 6
}
