#include <berl/host/nn/convolve.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
struct Convolve {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::convolve_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(Context<Host>& ctx, auto&&... a) {
    host::convolve<T>(ctx, a...);
    ctx.convolutions = Convolutions::direct;  // in the same scratch
    host::convolve<T>(ctx, a...);
  }
};
struct WeightGradient {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::weight_gradient_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::weight_gradient<T>(a...);
  }
};
}  // namespace

TEST_CASE("either method finds its scratch, for any geometry") {
  Random random(Seed{4});
  for (int round = 0; round < 40; ++round) {
    host::Convolution g = test::random_geometry(random, round % 2 == 1);
    if (round % 4 < 2) g.C = g.M = 16, g.K = 3, g.S = g.P = 1, g.OH = g.H, g.OW = g.W;
    int const batch = 1 + static_cast<int>(random.below(4));
    auto const seed = static_cast<std::uint64_t>(round);
    CHECK(test::error_of<Convolve, double>(g, batch, 2, true, test::Base::other, seed) < 1e-13);
    if (!g.transposed) CHECK(test::gradient_of<WeightGradient, double>(g, batch, 2, seed).error < 1e-13);
  }
}

TEST_CASE("the context chooses: the methods differ in their last bits, and direct is direct") {
  host::Convolution const g{32, 12, 12, 32, 12, 12, 3, 1, 1, false};
  REQUIRE(host::detail::convolves_by_winograd<float>(g, 2));
  Random random(Seed{5});
  auto const x = test::random_values<float>(random, 2 * g.C * g.H * g.W), weights = test::random_values<float>(random, g.M * g.C * 9);
  auto const run = [&](auto const& method) {
    Context<Host> ctx;
    ctx.scratch = Arena(host::convolve_scratch<float>(g, 2, 1));
    std::vector<float> y(static_cast<std::size_t>(2 * g.M * g.OH * g.OW));
    method(ctx, y.data());
    return y;
  };
  auto const direct =
      run([&](auto& ctx, float* y) { host::convolve_direct<float>(ctx, g, 2, x.data(), weights.data(), nullptr, nullptr, y); });
  auto const winograd =
      run([&](auto& ctx, float* y) { host::convolve_winograd<float>(ctx, g, 2, x.data(), weights.data(), nullptr, nullptr, y); });
  auto const chosen = run([&](auto& ctx, float* y) { host::convolve<float>(ctx, g, 2, x.data(), weights.data(), nullptr, nullptr, y); });
  auto const told = run([&](auto& ctx, float* y) {
    ctx.convolutions = Convolutions::direct;
    host::convolve<float>(ctx, g, 2, x.data(), weights.data(), nullptr, nullptr, y);
  });
  CHECK(direct != winograd);
  CHECK(chosen == winograd);
  CHECK(told == direct);
}

TEST_CASE("few tiles of many channels are convolved directly") {
  host::Convolution const deep{512, 7, 7, 512, 7, 7, 3, 1, 1, false}, wide{64, 56, 56, 64, 56, 56, 3, 1, 1, false};
  CHECK_FALSE(host::detail::convolves_by_winograd<float>(deep, 1));
  CHECK(host::detail::convolves_by_winograd<float>(deep, 8));
  CHECK_FALSE(host::detail::sums_by_winograd<float>(deep, 8));
  CHECK(host::detail::sums_by_winograd<float>(deep, 16));
  CHECK(host::detail::convolves_by_winograd<float>(wide, 1));
}

TEST_CASE("per picture, the method and the bits do not depend on the batch") {
  host::Convolution const g{384, 7, 7, 384, 7, 7, 3, 1, 1, false};
  REQUIRE(host::detail::convolves_by_winograd<float>(g, 8));
  REQUIRE_FALSE(host::detail::convolves_by_winograd<float>(g, 1));
  Random random(Seed{6});
  auto const x = test::random_values<float>(random, 8 * g.C * 49), weights = test::random_values<float>(random, g.M * g.C * 9);
  auto const run = [&](int batch) {
    Context<Host> ctx{2, Arena(host::convolve_scratch<float>(g, batch, 2)), Convolutions::per_picture};
    std::vector<float> y(static_cast<std::size_t>(batch * g.M * 49));
    host::convolve<float>(ctx, g, batch, x.data(), weights.data(), nullptr, nullptr, y.data());
    return y;
  };
  auto const one = run(1), all = run(8);
  CHECK(std::equal(one.begin(), one.end(), all.begin()));
}
