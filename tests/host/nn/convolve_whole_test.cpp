#include <berl/host/nn/convolve_whole.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
struct Convolve {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int) {
    return host::convolve_whole_scratch<T>(g, batch);
  }
  template <class T>
  static void run(auto&&... a) {
    host::convolve_whole<T>(a...);
  }
};
struct WeightGradient : Convolve {
  template <class T>
  static void run(auto&&... a) {
    host::weight_gradient_whole<T>(a...);
  }
};
// Sums of at most 70 * 25 products of order 1.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("a kernel as large as its picture is a matrix", T, float, double) {
  Random random(Seed{sizeof(T)});
  auto const among = [&](int low, int high) { return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))); };
  for (int round = 0; round < 60; ++round) {
    int const C = random.chance(0.5) ? 16 * among(1, 4) : among(1, 70), M = random.chance(0.5) ? 16 * among(1, 4) : among(1, 70);
    int const K = among(1, 5), batch = among(1, 9), threads = among(1, 4);
    host::Convolution const g = round % 2 == 0 ? host::Convolution{C, K, K, M, 1, 1, K, 1, 0, false}  // one pixel comes out,
                                               : host::Convolution{C, 1, 1, M, K, K, K, 1, 0, true};  // or goes in
    CAPTURE(g.transposed);
    CAPTURE(C);
    CAPTURE(M);
    CAPTURE(K);
    CAPTURE(batch);
    REQUIRE(host::fits_whole(g));
    auto const seed = static_cast<std::uint64_t>(round);
    CHECK(test::error_of<Convolve, T>(g, batch, threads, random.chance(0.5), static_cast<test::Base>(random.below(3)), seed) <
          tolerance<T>);
    if (!g.transposed) CHECK(test::gradient_of<WeightGradient, T>(g, batch, threads, seed).error < tolerance<T>);
  }
}

TEST_CASE("a kernel of part of the picture, or with padding, is no matrix") {
  CHECK_FALSE(host::fits_whole({3, 5, 5, 4, 2, 2, 4, 1, 0, false}));
  CHECK_FALSE(host::fits_whole({3, 2, 2, 4, 1, 1, 4, 1, 1, false}));
  CHECK_FALSE(host::fits_whole({3, 1, 1, 4, 3, 3, 4, 1, 0, true}));
}
