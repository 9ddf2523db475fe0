#include <berl/host/nn/convolve_winograd.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
using test::Base;
struct Method {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::convolve_winograd_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::convolve_winograd<T>(a...);
  }
};
/// What the method is for: 3 x 3, stride 1, padding 1, channels in whole blocks; all sizes of tiles that are cut off.
host::Convolution geometry(Random& random, bool transposed) {
  auto const among = [&](int low, int high) { return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))); };
  int const C = 16 * among(1, 5), M = 16 * among(1, 5), H = among(1, 18), W = among(1, 18);
  return {C, H, W, M, H, W, 3, 1, 1, transposed};
}
// Sums of at most 80 * 9 products of order 1 through points of up to 5: some 1e-5 in float, 1e-14 in double, as the header says.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("convolve_winograd is six loops, wherever it fits", T, float, double) {
  Random random(Seed{sizeof(T)});
  for (int round = 0; round < 60; ++round) {
    host::Convolution const g = geometry(random, round % 2 == 1);
    int const batch = 1 + static_cast<int>(random.below(4)), threads = 1 + static_cast<int>(random.below(4));
    CAPTURE(g.transposed);
    CAPTURE(g.C);
    CAPTURE(g.H);
    CAPTURE(g.W);
    CAPTURE(g.M);
    CAPTURE(batch);
    CAPTURE(threads);
    REQUIRE(host::fits_winograd(g));
    CHECK(test::error_of<Method, T>(g, batch, threads, random.chance(0.5), static_cast<Base>(random.below(3)),
                                    static_cast<std::uint64_t>(round)) < tolerance<T>);
  }
}

TEST_CASE("convolve_winograd by groups of outputs, where the weights are many") {
  host::Convolution const g{256, 5, 6, 192, 5, 6, 3, 1, 1, false};  // 6.75 MiB at the points
  REQUIRE(host::winograd_plan<float>(g, 17).by_groups);
  REQUIRE(host::winograd_plan<float>(g, 17).tiles < host::winograd_plan<float>(g, 17).tiling.all);  // several times
  CHECK(test::error_of<Method, float>(g, 17, 2, true, Base::other, 1) < tolerance<float>);
  CHECK(test::error_of<Method, float>(g, 1, 3, false, Base::none, 2) < tolerance<float>);
}

TEST_CASE("only 3 x 3 kernels of stride 1 and padding 1 on channels in blocks fit") {
  CHECK(host::fits_winograd({16, 4, 4, 32, 4, 4, 3, 1, 1, false}));
  CHECK_FALSE(host::fits_winograd({3, 4, 4, 32, 4, 4, 3, 1, 1, false}));
  CHECK_FALSE(host::fits_winograd({16, 4, 4, 8, 4, 4, 3, 1, 1, false}));
  CHECK_FALSE(host::fits_winograd({16, 4, 4, 32, 2, 2, 3, 2, 1, false}));
  CHECK_FALSE(host::fits_winograd({16, 4, 4, 32, 2, 2, 3, 1, 0, false}));
  CHECK_FALSE(host::fits_winograd({16, 4, 4, 32, 4, 4, 5, 1, 2, false}));
}

TEST_CASE("convolve_winograd leaves the same bits for any number of threads, and for a picture alone or in a batch") {
  Random random(Seed{9});
  for (int const C : {16, 48, 256}) {
    host::Convolution const g{C, 9, 14, 208, 9, 14, 3, 1, 1, false};
    constexpr int batch = 5;
    auto const x = test::random_values<float>(random, batch * g.C * g.H * g.W), weights = test::random_values<float>(random, g.M * g.C * 9);
    auto const run = [&](int first, int count, int threads) {
      Context<Host> ctx;
      ctx.threads = threads;
      ctx.scratch = Arena(host::convolve_winograd_scratch<float>(g, count, threads));
      std::vector<float> y(static_cast<std::size_t>(count * g.M * g.OH * g.OW));
      host::convolve_winograd<float>(ctx, g, count, x.data() + static_cast<std::ptrdiff_t>(first) * g.C * g.H * g.W, weights.data(),
                                     nullptr, nullptr, y.data());
      return y;
    };
    auto const y = run(0, batch, 1);
    CHECK(run(0, batch, 2) == y);
    CHECK(run(0, batch, 7) == y);
    auto const third = run(2, 1, 2);
    CHECK(std::equal(third.begin(), third.end(), y.begin() + static_cast<std::ptrdiff_t>(2 * third.size())));
  }
}

TEST_CASE("in float, Winograd's sums of 256 channels are as good as plain ones") {
  // Root mean squares relative to the result: 1.0e-6 was measured for these points, 1.9e-6 for the points 1 and 2. Direct sums in parts
  // have 0.5e-6, plain ones 0.9e-6.
  host::Convolution const g{256, 14, 14, 32, 14, 14, 3, 1, 1, false};
  Random random(Seed{3});
  auto const x = test::random_values<float>(random, g.C * g.H * g.W), weights = test::random_values<float>(random, g.M * g.C * 9);
  std::vector<double> expected(static_cast<std::size_t>(g.M * g.OH * g.OW));
  test::for_products(g, [&](int from, int to, int w) {
    expected[static_cast<std::size_t>(to)] +=
        static_cast<double>(x[static_cast<std::size_t>(from)]) * static_cast<double>(weights[static_cast<std::size_t>(w)]);
  });
  Context<Host> ctx;
  ctx.scratch = Arena(host::convolve_winograd_scratch<float>(g, 1, 1));
  std::vector<float> y(expected.size());
  host::convolve_winograd<float>(ctx, g, 1, x.data(), weights.data(), nullptr, nullptr, y.data());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    error += (static_cast<double>(y[i]) - expected[i]) * (static_cast<double>(y[i]) - expected[i]);
    size += expected[i] * expected[i];
  }
  CHECK(std::sqrt(error / size) < 1.5e-6);
}
