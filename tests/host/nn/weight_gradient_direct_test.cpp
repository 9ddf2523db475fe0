#include <berl/host/nn/weight_gradient_direct.hpp>

#include <doctest/doctest.h>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
struct Method {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::weight_gradient_direct_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::weight_gradient_direct<T>(a...);
  }
};
template <class T>
test::GradientFound<T> found_for(host::Convolution const& g, int batch, int threads, std::uint64_t seed) {
  return test::gradient_of<Method, T>(g, batch, threads, seed);
}
// Sums of at most 5 * 198 products of order 1: some 1000 roundings of 1.1e-16 in double, 6e-8 in float, of which most cancel.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("the weight gradient is six loops, for any geometry", T, float, double) {
  Random random(Seed{sizeof(T)});
  for (int round = 0; round < 80; ++round) {
    host::Convolution const g = test::random_geometry(random, false);
    int const batch = 1 + static_cast<int>(random.below(5)), threads = 1 + static_cast<int>(random.below(4));
    CAPTURE(g.C);
    CAPTURE(g.H);
    CAPTURE(g.W);
    CAPTURE(g.M);
    CAPTURE(g.K);
    CAPTURE(g.S);
    CAPTURE(g.P);
    CAPTURE(batch);
    CAPTURE(threads);
    CHECK(found_for<T>(g, batch, threads, static_cast<std::uint64_t>(round)).error < tolerance<T>);
  }
}

TEST_CASE("the weight gradient of more channels than a piece has, in bands of rows and several pictures at once") {
  CHECK(found_for<float>({70, 4, 5, 67, 4, 5, 3, 1, 1, false}, 3, 2, 1).error < tolerance<float>);
  CHECK(found_for<double>({33, 3, 3, 33, 2, 2, 3, 2, 1, false}, 37, 3, 2).error < tolerance<double>);
  CHECK(found_for<float>({48, 9, 7, 80, 5, 4, 3, 2, 1, false}, 9, 2, 4).error < tolerance<float>);
  CHECK(found_for<double>({32, 20, 20, 48, 20, 20, 3, 1, 1, false}, 3, 2, 5).error < tolerance<double>);  // several bands of rows
  CHECK(found_for<double>({3, 9, 10, 5, 2, 3, 8, 1, 0, false}, 2, 2, 3).error < tolerance<double>);       // eight by eight taps
}

TEST_CASE("the weight gradient has the same bits for any number of threads") {
  Random random(Seed{9});
  for (int round = 0; round < 12; ++round) {
    host::Convolution const g = test::random_geometry(random, false);
    int const batch = 1 + static_cast<int>(random.below(20));
    auto const first = found_for<float>(g, batch, 1, static_cast<std::uint64_t>(round)).dweights;
    for (int const threads : {2, 7}) CHECK(found_for<float>(g, batch, threads, static_cast<std::uint64_t>(round)).dweights == first);
  }
}
