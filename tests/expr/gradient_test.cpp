#include "expression.hpp"

using namespace expression;
namespace {
/// Everything at once: maps, values per sample, a row, a column, lets of both kinds, a mean.
auto everything() {
  auto const centre = let<struct Centre>(mean(shading * row));
  auto const direction = let<struct Direction>(normalize(tint));
  auto const lit = let<struct Lit>(max(0, dot(normal, direction)) * ambient + centre);
  return tanh(albedo * lit + column) / (1.5 + row * lit);
}
template <class T>
struct Results {
  static constexpr int N = 5;
  Tensor<T, Map> y{N}, d_albedo{N, T(std::nan(""))}, d_normal{N, T(3)};
  Tensor<T, Plane> d_shading{N, T(std::nan(""))};
  Tensor<T, Value> d_ambient{N, T(3)};
  Tensor<T, Shape<3, 1, 1>> d_tint{N, T(std::nan(""))};
  Tensor<T, Shape<1, 1, W>> d_row{N, T(std::nan(""))};
  Tensor<T, Shape<3, H, 1>> d_column{N, T(3)};

  explicit Results(int threads) {
    auto const a = random<float, Map>(N, 1), n = random<float, Map>(N, 2), g = random<float, Map>(N, 3);
    auto const s = random<float, Plane>(N, 4);
    auto const k = random<float, Value>(N, 5);
    auto const t = random<float, Shape<3, 1, 1>>(N, 6);
    auto const r = random<float, Shape<1, 1, W>>(N, 7);
    auto const c = random<float, Shape<3, H, 1>>(N, 8);
    auto const as = [](auto const& from) {  // the same numbers in float and double
      Tensor<T, typename std::remove_cvref_t<decltype(from)>::shape> to(N);
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<T>(from[i]);
      return to;
    };
    auto const at = as(a), nt = as(n), gt = as(g);
    auto const st = as(s);
    auto const kt = as(k);
    auto const tt = as(t);
    auto const rt = as(r);
    auto const ct = as(c);
    Context<Host> ctx;
    ctx.threads = threads;
    auto const values = bind(albedo = at, normal = nt, shading = st, ambient = kt, tint = tt, row = rt, column = ct);
    evaluate(ctx, everything(), values, y.write());
    gradient(ctx, everything(), wrt(albedo, normal, shading, ambient, tint, row, column), values, gt.read(),
             bind(albedo = d_albedo.write(), normal = d_normal.add(), shading = d_shading.write(), ambient = d_ambient.add(),
                  tint = d_tint.write(), row = d_row.write(), column = d_column.add()));
  }
};
}  // namespace

TEST_CASE("gradients of everything at once against differences") { CHECK(testing::check_gradients(everything()) < difference_tolerance); }
TEST_CASE("the same bits for 1, 2 and 7 threads") {
  Results<float> const one(1);
  for (int const threads : {2, 7}) {
    Results<float> const other(threads);
    CHECK(same_bits(one.y, other.y));
    CHECK(same_bits(one.d_albedo, other.d_albedo));
    CHECK(same_bits(one.d_normal, other.d_normal));
    CHECK(same_bits(one.d_shading, other.d_shading));
    CHECK(same_bits(one.d_ambient, other.d_ambient));
    CHECK(same_bits(one.d_tint, other.d_tint));
    CHECK(same_bits(one.d_row, other.d_row));
    CHECK(same_bits(one.d_column, other.d_column));
  }
}
TEST_CASE("float against double") {
  Results<float> const single(1);
  Results<double> const exact(1);
  CHECK(largest_difference(single.y, exact.y) < 1e-5);                  // 1.5 + row * lit may be 0.1: roundings of 1e-7 times 10 twice
  CHECK(largest_difference(single.d_ambient, exact.d_ambient) < 1e-3);  // sums of 435 terms of the order of 10
  CHECK(largest_difference(single.d_row, exact.d_row) < 1e-3);
}
TEST_CASE("a gradient that is skipped is neither computed nor stored, and the others are the same") {
  auto const a = random<double, Map>(2, 1), dy = random<double, Map>(2, 2);
  auto const k = random<double, Value>(2, 3);
  Tensor<double, Value> with(2), without(2);
  Tensor<double, Map> da(2);
  Context<Host> ctx;
  auto const node = albedo * albedo * ambient;
  auto const values = bind(albedo = a, ambient = k);
  gradient(ctx, node, wrt(albedo, ambient), values, dy.read(), bind(albedo = da.write(), ambient = with.write()));
  gradient(ctx, node, wrt(albedo, ambient), values, dy.read(), bind(albedo = Skip<double, Map, Host>{}, ambient = without.write()));
  CHECK(same_bits(with, without));
  gradient(ctx, node, wrt(ambient), values, dy.read(), bind(ambient = without.write()));
  CHECK(same_bits(with, without));
}
