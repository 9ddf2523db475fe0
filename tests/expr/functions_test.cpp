#include <golden_plain.hpp>

#include "expression.hpp"

using namespace expression;
namespace {
constexpr auto x = leaf<struct X, Shape<1, 1, 9>>;
using Nine = Shape<1, 1, 9>;

/// Value and slope of a function of x at nine points.
template <class F>
auto at(F const& f, std::initializer_list<double> points) {
  Tensor<double, Nine> v(1), y(1), dy(1, 1.0), dx(1);
  std::size_t i = 0;
  for (double const p : points) v[i++] = p;
  Context<Host> ctx;
  evaluate(ctx, f, bind(x = v), y.write());
  gradient(ctx, f, wrt(x), bind(x = v), dy.read(), bind(x = dx.write()));
  return std::pair{y, dx};
}
void expect(Tensor<double, Nine> const& found, std::initializer_list<double> expected) {
  std::size_t i = 0;
  for (double const e : expected) {
    CAPTURE(i);
    CHECK(found[i++] == e);
  }
}
}  // namespace

TEST_CASE("kinks as in PyTorch") {
  auto const points = {-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 2.0};
  auto const [r, dr] = at(relu(x), points);
  expect(r, {0, 0, 0, 0, 0, 0.5, 1, 1.5, 2});
  expect(dr, {0, 0, 0, 0, 0, 1, 1, 1, 1});
  auto const [m, dm] = at(max(0, x), points);  // passes at the bound
  expect(m, {0, 0, 0, 0, 0, 0.5, 1, 1.5, 2});
  expect(dm, {0, 0, 0, 1, 1, 1, 1, 1, 1});
  auto const [m1, dm1] = at(max(x, 1), points);
  expect(m1, {1, 1, 1, 1, 1, 1, 1, 1.5, 2});
  expect(dm1, {0, 0, 0, 0, 0, 0, 1, 1, 1});
  auto const [c, dc] = at(clamp(x, -1, 1.5), points);  // bounds included
  expect(c, {-1, -1, -0.5, 0, 0, 0.5, 1, 1.5, 1.5});
  expect(dc, {0, 1, 1, 1, 1, 1, 1, 1, 0});
  auto const [a, da] = at(abs(x), points);
  expect(a, {2, 1, 0.5, 0, 0, 0.5, 1, 1.5, 2});
  expect(da, {-1, -1, -1, 0, 0, 1, 1, 1, 1});
}
TEST_CASE("closed forms") {
  auto const points = {0.1, 0.2, 0.5, 0.9, 1.0, 2.0, 3.0, 10.0, 21.0};
  auto const [e, de] = at(exp(x), points);
  auto const [l, dl] = at(log(x), points);
  auto const [s, ds] = at(sqrt(x), points);
  auto const [t, dt] = at(tanh(x), points);
  auto const [p, dp] = at(softplus(x), points);
  std::size_t i = 0;
  for (double const v : points) {
    auto const same = [](double value) { return doctest::Approx(value).epsilon(1e-15); };  // a rounding
    CHECK(e[i] == same(std::exp(v)));
    CHECK(de[i] == same(std::exp(v)));
    CHECK(l[i] == same(std::log(v)));
    CHECK(dl[i] == same(1 / v));
    CHECK(s[i] == same(std::sqrt(v)));
    CHECK(ds[i] == same(0.5 / std::sqrt(v)));
    CHECK(t[i] == same(std::tanh(v)));
    CHECK(dt[i] == doctest::Approx(1 - std::tanh(v) * std::tanh(v)).epsilon(1e-15));
    CHECK(p[i] == same(v > 20 ? v : std::log1p(std::exp(v))));
    CHECK(dp[i] == same(v > 20 ? 1 : 1 / (1 + std::exp(-v))));
    ++i;
  }
}
TEST_CASE("gradients of the functions") {
  testing::Range const positive{}, both{-0.9, 0.9};
  CHECK(testing::check_gradients(exp(albedo), both) < difference_tolerance);
  CHECK(testing::check_gradients(log(albedo), positive) < difference_tolerance);
  CHECK(testing::check_gradients(sqrt(albedo), positive) < difference_tolerance);
  CHECK(testing::check_gradients(tanh(albedo), both) < difference_tolerance);
  CHECK(testing::check_gradients(softplus(3 * albedo), both) < difference_tolerance);
  CHECK(testing::check_gradients(relu(albedo), positive) < difference_tolerance);
  CHECK(testing::check_gradients(abs(-albedo), positive) < difference_tolerance);
  CHECK(testing::check_gradients(clamp(albedo, 0, 1), positive) < difference_tolerance);
  CHECK(testing::check_gradients(max(0.1, albedo * shading), {0.4, 0.9}) < difference_tolerance);
}
TEST_CASE("softplus, tanh and relu of the reference") {
  golden::File const file("layers_act_linear");
  auto const compare = [&]<class T, class S>(T, S, auto const& f, std::string const& name, auto const& leaf_x, double tolerance) {
    Tensor<T, S> v(1), dy(1), y(1), dx(1);
    auto values = golden::filled(name + "/x", S::size, name == "relu" ? 1 : name == "tanh" ? 6 : name == "softplus" ? 30 : 1);
    if (file.has(name + "/x")) values = file.get<float>(name + "/x");
    auto const gy = file.has(name + "/gy") ? file.get<float>(name + "/gy") : golden::filled(name + "/gy", S::size, 1);
    for (std::size_t i = 0; i < v.size(); ++i) {
      v[i] = static_cast<T>(values[i]);
      dy[i] = static_cast<T>(gy[i]);
    }
    Context<Host> ctx;
    evaluate(ctx, f, bind(leaf_x = v), y.write());
    gradient(ctx, f, wrt(leaf_x), bind(leaf_x = v), dy.read(), bind(leaf_x = dx.write()));
    CHECK(golden::deviation(y.span(), file.get(name + "/y")) < tolerance);
    CHECK(golden::deviation(dx.span(), file.get(name + "/gx")) < tolerance);
  };
  using Four = Shape<2, 120, 1>;
  using Two = Shape<1, 4, 9>;
  constexpr auto four = leaf<struct Fours, Four>;
  constexpr auto two = leaf<struct Twos, Two>;
  // rounding of double, and of float with the few units of the last place of the polynomials
  compare(double{}, Four{}, relu(four), "relu", four, 1e-15);
  compare(double{}, Four{}, tanh(four), "tanh", four, 1e-14);
  compare(double{}, Two{}, softplus(two), "softplus", two, 1e-14);
  compare(float{}, Four{}, tanh(four), "tanh", four, 1e-6);
  compare(float{}, Two{}, softplus(two), "softplus", two, 1e-6);
}
