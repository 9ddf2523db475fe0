#include <berl/host/nn/convolve_few.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
struct Convolve {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::convolve_few_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::convolve_few<T>(a...);
  }
};
struct WeightGradient {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int) {
    return host::weight_gradient_few_scratch<T>(g, batch);
  }
  template <class T>
  static void run(auto&&... a) {
    host::weight_gradient_few<T>(a...);
  }
};
host::Convolution geometry(Random& random) {
  auto const among = [&](int low, int high) { return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))); };
  int const C = 16 * among(1, 4), M = among(1, 3), H = among(1, 12), W = among(1, 19), K = random.chance(0.5) ? 3 : 5;
  return {C, H, W, M, H, W, K, 1, K / 2, false};
}
// Sums of at most 64 * 25, or 4 * 228, products of order 1.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("few outputs are six loops", T, float, double) {
  Random random(Seed{sizeof(T)});
  for (int round = 0; round < 60; ++round) {
    host::Convolution const g = geometry(random);
    int const batch = 1 + static_cast<int>(random.below(4)), threads = 1 + static_cast<int>(random.below(4));
    CAPTURE(g.K);
    CAPTURE(g.C);
    CAPTURE(g.H);
    CAPTURE(g.W);
    CAPTURE(g.M);
    CAPTURE(batch);
    REQUIRE(host::fits_few(g));
    auto const seed = static_cast<std::uint64_t>(round);
    CHECK(test::error_of<Convolve, T>(g, batch, threads, random.chance(0.5), static_cast<test::Base>(random.below(3)), seed) <
          tolerance<T>);
    CHECK(test::gradient_of<WeightGradient, T>(g, batch, threads, seed).error < tolerance<T>);
  }
}

TEST_CASE("few outputs have the same bits for any number of threads") {
  host::Convolution const g{48, 9, 13, 3, 9, 13, 5, 1, 2, false};
  Random random(Seed{7});
  auto const x = test::random_values<float>(random, 5 * g.C * g.H * g.W), weights = test::random_values<float>(random, g.M * g.C * 25);
  auto const gradient = test::gradient_of<WeightGradient, float>(g, 5, 1, 3).dweights;
  std::vector<float> first;
  for (int const threads : {1, 2, 7}) {
    Context<Host> ctx;
    ctx.threads = threads;
    ctx.scratch = Arena(host::convolve_few_scratch<float>(g, 5, threads));
    std::vector<float> y(static_cast<std::size_t>(5 * g.M * g.OH * g.OW));
    host::convolve_few<float>(ctx, g, 5, x.data(), weights.data(), nullptr, nullptr, y.data());
    if (threads == 1) first = y;
    CHECK(y == first);
    CHECK(test::gradient_of<WeightGradient, float>(g, 5, threads, 3).dweights == gradient);
  }
}
