#include <berl/host/nn/convolve_direct.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // equal

#include "plain_convolution.hpp"

using namespace berl;

namespace {
using test::Base;
struct Method {
  template <class T>
  static std::size_t scratch(host::Convolution const& g, int batch, int threads) {
    return host::convolve_direct_scratch<T>(g, batch, threads);
  }
  template <class T>
  static void run(auto&&... a) {
    host::convolve_direct<T>(a...);
  }
};
template <class T>
double error_of(host::Convolution const& g, int batch, int threads, bool has_bias, Base base, std::uint64_t seed) {
  return test::error_of<Method, T>(g, batch, threads, has_bias, base, seed);
}

// Sums of at most 256 * 9 products of order 1: 2300 roundings of 1.1e-16 in double, 6e-8 in float, of which most cancel.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("convolve_direct is six loops, for any geometry", T, float, double) {
  Random random(Seed{sizeof(T)});
  for (int round = 0; round < 160; ++round) {
    host::Convolution const g = test::random_geometry(random, round % 2 == 1);
    int const batch = 1 + static_cast<int>(random.below(4)), threads = 1 + static_cast<int>(random.below(4));
    auto const base = static_cast<Base>(random.below(3));
    bool const has_bias = random.chance(0.5);
    CAPTURE(g.transposed);
    CAPTURE(g.C);
    CAPTURE(g.H);
    CAPTURE(g.W);
    CAPTURE(g.M);
    CAPTURE(g.OH);
    CAPTURE(g.OW);
    CAPTURE(g.K);
    CAPTURE(g.S);
    CAPTURE(g.P);
    CAPTURE(batch);
    CAPTURE(threads);
    CHECK(error_of<T>(g, batch, threads, has_bias, base, static_cast<std::uint64_t>(round)) < tolerance<T>);
  }
}

TEST_CASE("convolve_direct reads large weights once for several pictures, and gives the same") {
  host::Convolution const g{130, 3, 4, 120, 3, 4, 3, 1, 1, false};  // 550 KiB of float weights
  CHECK(error_of<float>(g, 3, 2, true, Base::other, 1) < tolerance<float>);
  CHECK(error_of<float>(g, 1, 3, false, Base::none, 2) < tolerance<float>);
  host::Convolution const blocks{128, 3, 4, 112, 3, 4, 3, 1, 1, false};
  CHECK(error_of<float>(blocks, 3, 2, true, Base::other, 1) < tolerance<float>);
  CHECK(error_of<float>(blocks, 1, 3, false, Base::none, 2) < tolerance<float>);
}

TEST_CASE("convolve_direct cuts large pictures into bands, and shares groups of outputs where weights are many") {
  host::Convolution const large{64, 47, 50, 40, 47, 50, 3, 1, 1, false}, stride{32, 59, 100, 16, 29, 50, 4, 2, 1, false},
      up{64, 45, 46, 16, 90, 92, 4, 2, 1, true}, many{256, 2, 3, 256, 2, 3, 3, 1, 1, false}, many_up{256, 2, 2, 256, 4, 5, 4, 2, 1, true};
  for (auto const& g : {large, stride, up, many, many_up}) {
    CAPTURE(g.C);
    CAPTURE(g.K);
    bool const by_groups = g.C == 256;
    REQUIRE(host::detail::sharing_of<float>(g, 2, 2).by_groups == by_groups);
    if (!by_groups) REQUIRE(host::detail::sharing_of<float>(g, 2, 2).bands > 1);
    Random random(Seed{7});
    int const in = g.C * g.H * g.W, out = g.M * g.OH * g.OW;
    auto const x = test::random_values<float>(random, 5 * in), weights = test::random_values<float>(random, g.M * g.C * g.K * g.K);
    // One plan for all batches that are not larger; so many threads have no groups to share.
    CHECK_FALSE(host::detail::sharing_of<float>(g, 2, 90).by_groups);
    std::vector<float> first(static_cast<std::size_t>(5 * out));
    for (int const threads : {1, 2, 3, 90}) {
      Context<Host> ctx;
      ctx.threads = threads;
      ctx.scratch = Arena(host::convolve_direct_scratch<float>(g, 5, threads));
      for (int batch = 5; batch >= 0; --batch) {
        std::vector<float> y(static_cast<std::size_t>(batch * out));
        host::convolve_direct<float>(ctx, g, batch, x.data(), weights.data(), nullptr, nullptr, y.data());
        if (threads == 1 && batch == 5) first = y;
        CHECK(std::equal(y.begin(), y.end(), first.begin()));
      }
    }
    CHECK(error_of<float>(g, 2, 2, true, Base::other, 1) < tolerance<float>);
    CHECK(error_of<float>(g, 1, 3, false, Base::none, 2) < tolerance<float>);
  }
}

TEST_CASE("convolve_direct shares groups of outputs for some pictures after the others, where their frames are many") {
  host::Convolution const g{512, 2, 2, 512, 2, 2, 3, 1, 1, false};
  int const batch = 1 + static_cast<int>(host::detail::bytes_of_all_frames / sizeof(float)) / (4 * 4 * 512);
  REQUIRE(host::detail::pictures_together<float>(g, batch) == batch - 1);
  Random random(Seed{8});
  auto const x = test::random_values<float>(random, batch * 512 * 4), weights = test::random_values<float>(random, 512 * 512 * 9);
  std::vector<float> by_bands;
  for (int const threads : {90, 2}) {
    REQUIRE(host::detail::sharing_of<float>(g, batch, threads).by_groups == (threads == 2));
    Context<Host> ctx;
    ctx.threads = threads;
    ctx.scratch = Arena(host::convolve_direct_scratch<float>(g, batch, threads));
    std::vector<float> y(static_cast<std::size_t>(batch * 512 * 4));
    host::convolve_direct<float>(ctx, g, batch, x.data(), weights.data(), nullptr, nullptr, y.data());
    if (threads == 90) by_bands = y;
    CHECK((y == by_bands));
  }
}

TEST_CASE("convolve_direct takes every width of a tile") {
  for (int width = 1; width <= 33; ++width) {
    CAPTURE(width);
    CHECK(error_of<float>({16, 5, width, 48, 5, width, 3, 1, 1, false}, 2, 2, true, Base::other, 1) < tolerance<float>);
    CHECK(error_of<double>({32, 3, width, 16, 3, width, 3, 1, 1, true}, 1, 2, false, Base::none, 2) < tolerance<double>);
  }
}

TEST_CASE("convolve_direct writes no pixel that no input reaches") {  // a phase of the output without rows, and one without taps
  CHECK(error_of<float>({16, 1, 3, 16, 1, 9, 1, 3, 0, true}, 2, 2, true, Base::none, 1) < tolerance<float>);
  CHECK(error_of<float>({16, 2, 2, 16, 2, 2, 2, 2, 1, true}, 2, 2, false, Base::other, 2) < tolerance<float>);
}

TEST_CASE("convolve_direct takes kernels of eight by eight and strides of four") {
  CHECK(error_of<double>({3, 9, 10, 5, 2, 3, 8, 1, 0, false}, 2, 1, true, Base::none, 1) < tolerance<double>);
  CHECK(error_of<double>({3, 12, 13, 5, 3, 3, 8, 4, 2, false}, 2, 1, true, Base::none, 2) < tolerance<double>);
  CHECK(error_of<double>({5, 3, 3, 3, 16, 16, 8, 4, 0, true}, 2, 2, true, Base::itself, 3) < tolerance<double>);
}

TEST_CASE("convolve_direct leaves the same bits for any number of threads") {
  Random random(Seed{9});
  for (int round = 0; round < 20; ++round) {
    host::Convolution const g = test::random_geometry(random, round % 2 == 1);
    int const batch = 1 + static_cast<int>(random.below(9));
    auto const x = test::random_values<float>(random, batch * g.C * g.H * g.W),
               weights = test::random_values<float>(random, g.M * g.C * g.K * g.K);
    std::vector<float> first;
    for (int const threads : {1, 2, 7}) {
      Context<Host> ctx;
      ctx.threads = threads;
      ctx.scratch = Arena(host::convolve_direct_scratch<float>(g, batch, threads));
      std::vector<float> y(static_cast<std::size_t>(batch * g.M * g.OH * g.OW));
      host::convolve_direct<float>(ctx, g, batch, x.data(), weights.data(), nullptr, nullptr, y.data());
      if (threads == 1) first = y;
      CHECK(y == first);
    }
  }
}
