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

namespace {
/// Copies what is there of a run when it is told that all is.
struct Copies {
  float const* y;
  std::ptrdiff_t length;
  std::vector<float> copy;
  std::vector<int> calls;  // each of them touched by one thread, if all is well
  Copies(float const* from, int runs, std::ptrdiff_t elements)
      : y(from),
        length(elements),
        copy(static_cast<std::size_t>(runs * elements)),
        calls(static_cast<std::size_t>(runs)) {}
  host::RunReader reader() {
    return {[](void const* who, std::ptrdiff_t run) {
              auto& self = *const_cast<Copies*>(static_cast<Copies const*>(who));
              std::copy_n(self.y + run * self.length, self.length, self.copy.begin() + run * self.length);
              ++self.calls[static_cast<std::size_t>(run)];
            },
            this};
  }
};
}  // namespace

TEST_CASE("who reads the runs finds each whole, once, by every method and with any number of threads") {
  using namespace host::detail;
  host::Convolution const bands{64, 40, 40, 64, 20, 20, 3, 2, 1, false}, groups{512, 7, 7, 512, 4, 4, 3, 2, 1, false},
      transposed{48, 9, 7, 32, 17, 13, 3, 2, 1, true}, odd{16, 9, 7, 37, 9, 7, 3, 1, 1, false},
      winograd{32, 30, 13, 48, 30, 13, 3, 1, 1, false}, winograd_groups{256, 14, 14, 256, 14, 14, 3, 1, 1, false},
      few{32, 9, 9, 3, 9, 9, 5, 1, 2, false}, whole{32, 4, 4, 48, 1, 1, 4, 1, 0, false};
  REQUIRE(sharing_of<float>(bands, 3, 2).bands > 1);
  REQUIRE(sharing_of<float>(transposed, 3, 5).bands > 1);  // of 9 or 8 rows of 7 or 6 pixels
  REQUIRE(sharing_of<float>(groups, 3, 2).by_groups);
  REQUIRE(convolves_by_winograd<float>(winograd, 3));
  REQUIRE(convolves_by_winograd<float>(winograd_groups, 3));
  REQUIRE(host::winograd_plan<float>(winograd_groups, 3).by_groups);
  REQUIRE(host::fits_few(few));
  REQUIRE(host::fits_whole(whole));
  for (host::Convolution const& g : {bands, groups, transposed, odd, winograd, winograd_groups, few, whole})
    for (int const threads : {1, 2, 5}) {
      CAPTURE(g.C);
      CAPTURE(g.M);
      CAPTURE(threads);
      constexpr int batch = 3;
      Random random(Seed{7});
      auto const x = test::random_values<float>(random, batch * g.C * g.H * g.W),
                 weights = test::random_values<float>(random, g.M * g.C * g.K * g.K), bias = test::random_values<float>(random, g.M),
                 base = test::random_values<float>(random, batch * g.M * g.OH * g.OW);
      Context<Host> ctx{threads, Arena(host::convolve_scratch<float>(g, batch, threads))};
      std::vector<float> y(base.size()), plain(base.size());
      int const block = block_of(g.M);
      Copies copies(y.data(), batch * g.M / block, static_cast<std::ptrdiff_t>(block) * g.OH * g.OW);
      host::convolve<float>(ctx, g, batch, x.data(), weights.data(), bias.data(), base.data(), y.data(), copies.reader());
      host::convolve<float>(ctx, g, batch, x.data(), weights.data(), bias.data(), base.data(), plain.data());
      CHECK(copies.calls == std::vector<int>(copies.calls.size(), 1));
      CHECK(copies.copy == plain);
      CHECK(y == plain);
    }
}
