#include <berl/host/nn/weight_gradient_winograd.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
struct Method {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::weight_gradient_winograd_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::weight_gradient_winograd<T>(a...);
  }
};
template <class T>
test::GradientFound<T> found_for(host::Convolution const& g, int batch, int threads, std::uint64_t seed) {
  return test::gradient_of<Method, T>(g, batch, threads, seed);
}
// Sums of at most 17 * 324 products of order 1 through points of up to 5.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 3e-5;
}  // namespace

TEST_CASE_TEMPLATE("weight_gradient_winograd is six loops, wherever it fits", T, float, double) {
  Random random(Seed{sizeof(T)});
  auto const among = [&](int low, int high) { return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))); };
  for (int round = 0; round < 40; ++round) {
    int const H = among(1, 18), W = among(1, 18);
    host::Convolution const g{16 * among(1, 5), H, W, 16 * among(1, 5), H, W, 3, 1, 1, false};
    int const batch = among(1, 4), threads = among(1, 4);
    CAPTURE(g.C);
    CAPTURE(g.H);
    CAPTURE(g.W);
    CAPTURE(g.M);
    CAPTURE(batch);
    CAPTURE(threads);
    CHECK(found_for<T>(g, batch, threads, static_cast<std::uint64_t>(round)).error < tolerance<T>);
  }
}

TEST_CASE("weight_gradient_winograd in parts and at shared tiles, more than once each") {
  host::Convolution const few{16, 18, 18, 16, 18, 18, 3, 1, 1, false}, many{128, 9, 9, 128, 9, 9, 3, 1, 1, false};
  auto const plan = host::winograd::gradient_plan<float>(few, 170);
  REQUIRE(plan.parts == 16);
  REQUIRE(plan.tiling.all > plan.parts * plan.tiles);
  REQUIRE(host::winograd::gradient_plan<float>(many, 17).parts == 1);
  REQUIRE(host::winograd::gradient_plan<float>(many, 30).tiling.all > host::winograd::gradient_plan<float>(many, 30).tiles);
  CHECK(found_for<float>(few, 170, 3, 1).error < tolerance<float>);
  CHECK(found_for<float>(many, 30, 2, 2).error < tolerance<float>);
}

TEST_CASE("weight_gradient_winograd has the same bits for any number of threads") {
  for (host::Convolution const g : {host::Convolution{32, 18, 10, 48, 18, 10, 3, 1, 1, false}, {128, 6, 5, 128, 6, 5, 3, 1, 1, false}}) {
    auto const first = found_for<float>(g, 40, 1, 5).dweights;
    for (int const threads : {2, 7}) CHECK(found_for<float>(g, 40, threads, 5).dweights == first);
  }
}
