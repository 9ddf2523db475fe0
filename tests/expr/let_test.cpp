#include "expression.hpp"

using namespace expression;
namespace {
int values_computed, slopes_computed;
struct Square {
  template <class T>
  static T value(T x) {
    ++values_computed;
    return x * x;
  }
  template <class T>
  static T slope(T x, T) {
    ++slopes_computed;
    return 2 * x;
  }
};
template <Node A>
constexpr Apply<Square, A> square(A a) {
  return {a};
}
}  // namespace

TEST_CASE("a let is computed once and pulled once per pixel, however often it is used") {
  int const N = 2;
  auto const light = let<struct Light>(square(shading));
  auto const lit = albedo * light + light * ambient;
  static_assert(std::is_same_v<shape_of<decltype(lit)>, Map>);
  auto const a = random<double, Map>(N, 1);
  auto const s = random<double, Plane>(N, 2);
  auto const k = random<double, Value>(N, 3);
  Tensor<double, Map> y(N), y_bare(N), dy = random<double, Map>(N, 4);
  Tensor<double, Plane> ds(N), ds_bare(N);
  Context<Host> ctx;
  auto const values = bind(albedo = a, shading = s, ambient = k);
  values_computed = slopes_computed = 0;
  evaluate(ctx, lit, values, y.write());
  CHECK(values_computed == N * H * W);
  values_computed = 0;
  gradient(ctx, lit, wrt(shading), values, dy.read(), bind(shading = ds.write()));
  CHECK(values_computed == N * H * W);
  CHECK(slopes_computed == N * H * W);

  auto const bare = albedo * square(shading) + square(shading) * ambient;
  values_computed = slopes_computed = 0;
  gradient(ctx, bare, wrt(shading), values, dy.read(), bind(shading = ds_bare.write()));
  CHECK(slopes_computed == 6 * N * H * W);  // two uses in three channels
  evaluate(ctx, bare, values, y_bare.write());
  CHECK(same_bits(y, y_bare));
  CHECK(largest_difference(ds, ds_bare) < 1e-14);  // six summands in another order
}
TEST_CASE("a let of one pixel is computed and pulled once per sample") {
  int const N = 3;
  auto const squared = let<struct Squared>(square(ambient));
  auto const node = albedo * squared + squared;
  auto const a = random<double, Map>(N, 1);
  auto const k = random<double, Value>(N, 3);
  auto const dy = random<double, Map>(N, 4);
  Tensor<double, Map> y(N);
  Tensor<double, Value> dk(N);
  Context<Host> ctx;
  values_computed = slopes_computed = 0;
  evaluate(ctx, node, bind(albedo = a, ambient = k), y.write());
  CHECK(values_computed == N);
  gradient(ctx, node, wrt(ambient), bind(albedo = a, ambient = k), dy.read(), bind(ambient = dk.write()));
  CHECK(slopes_computed == N);
}
TEST_CASE("lets of lets") {
  auto const inner = let<struct Inner>(shading * ambient);
  auto const outer = let<struct Outer>(exp(inner) + inner * albedo);
  CHECK(testing::check_gradients(outer * outer + inner * tint) < difference_tolerance);
  auto const factor = let<struct Factor>(exp(ambient) * tint);
  auto const twice = let<struct Twice>(factor * factor + ambient);
  CHECK(testing::check_gradients(twice * shading + factor * ambient) < difference_tolerance);
}
