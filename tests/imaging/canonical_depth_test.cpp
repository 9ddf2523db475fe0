#include <berl/imaging/canonical_depth.hpp>
#include <berl/testing/gradcheck_node.hpp>

#include <doctest/doctest.h>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;
namespace {
/// The fixture appends the mirrored maps to the batch, and mirrors their gradients back.
template <class T>
void compare(double tolerance) {
  constexpr int S = 64;
  using Map = Shape<1, S, S>;
  golden::File const file("render_pieces");
  auto const raw = maps::tensor<Map, T>(maps::doubles(golden::filled("depth_head/raw", 3 * S * S, 1.5)));
  auto const gy = golden::filled("depth_head/gy", 6 * S * S, 1);
  Tensor<T, Map> depth(3), d_depth(3), d_raw(3, T(std::nan(""))), added(3, T(4));
  Context<Host> ctx;
  canonical_depth(ctx, Settings{}, raw.read(), depth.write());
  std::vector<double> both = maps::values(depth);
  for (std::size_t i = 0; i < 3 * S * S; ++i) {
    std::size_t const mirrored = i - i % S + (S - 1 - i % S);
    both.push_back(static_cast<double>(depth[mirrored]));
    d_depth[i] = static_cast<T>(static_cast<double>(gy[i]) + static_cast<double>(gy[3 * S * S + mirrored]));
  }
  CHECK(maps::deviation(both, file, "depth_head/y") < tolerance);
  canonical_depth_backward(ctx, Settings{}, raw.read(), d_depth.read(), d_raw.write());
  canonical_depth_backward(ctx, Settings{}, raw.read(), d_depth.read(), added.add());
  CHECK(maps::deviation(maps::values(d_raw), file, "depth_head/graw") < tolerance);
  for (T& d : added.span()) d -= T(4);
  CHECK(maps::deviation(maps::values(added), file, "depth_head/graw") <
        tolerance + 1e4 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}
}  // namespace

TEST_CASE("canonical depth of the reference") {
  compare<double>(1e-12);
  compare<float>(1e-6);  // values near 1 to 6e-8; gradients lose a digit in tanh' = 1 - tanh^2
}
TEST_CASE("row 3 of the specification's 8 x 8 case") {
  constexpr int S = 8;
  Tensor<double, Shape<1, S, S>> raw(1), depth(1);
  for (int v = 0; v < S; ++v)
    for (int u = 0; u < S; ++u) raw[static_cast<std::size_t>(v * S + u)] = 0.15 * std::sin(0.7 * u + 0.2) + 0.10 * std::cos(0.5 * v - 0.3);
  Context<Host> ctx;
  canonical_depth(ctx, Settings{}, raw.read(), depth.write());
  double const row[] = {1.04, 1.04, 1.0170313, 1.0133114, 1.0043194, 0.9942641, 1.04, 1.04};
  for (std::size_t u = 0; u < S; ++u) CHECK(std::abs(depth[3 * S + u] - row[u]) < 1e-7);  // seven decimals are given
}
TEST_CASE("options: no border, unbounded depth") {
  constexpr int S = 8;
  auto const raw = maps::noise<Shape<1, S, S>>("raw", 2, 0.1);
  Tensor<double, Shape<1, S, S>> depth(2);
  Context<Host> ctx;
  canonical_depth(ctx, Settings{.bounded_depth = false, .border = false}, raw.read(), depth.write());
  for (std::size_t i = 0; i < raw.size(); ++i) REQUIRE(depth[i] == 1 + raw[i]);
  canonical_depth(ctx, Settings{.border = false}, raw.read(), depth.write());
  CHECK(depth[0] != doctest::Approx(1.04));
  for (bool const bounded : {true, false})
    depth::with_node<S>(Settings{.bounded_depth = bounded}, [](auto const& node) { CHECK(testing::check_gradients(node) < 2e-8); });
}
TEST_CASE("the same bits for any number of threads") {
  constexpr int S = 64;
  auto const raw = maps::noise<Shape<1, S, S>, float>("raw", 5, 0.5), dy = maps::noise<Shape<1, S, S>, float>("dy", 5, 1);
  auto const run = [&](int threads) {
    Tensor<float, Shape<1, S, S>> d_raw(5);
    Context<Host> ctx;
    ctx.threads = threads;
    canonical_depth_backward(ctx, Settings{}, raw.read(), dy.read(), d_raw.write());
    return maps::values(d_raw);
  };
  auto const one = run(1);
  CHECK(run(2) == one);
  CHECK(run(7) == one);
}
