#include <berl/host/nn/convolve.hpp>

#include <doctest/doctest.h>

#include <limits>

#include "plain_convolution.hpp"

using namespace berl;

namespace {
enum class Base { none, other, itself };

/// One geometry against the six loops, with the result's place poisoned and the scratch exactly as large as promised.
template <class T>
double error_of(host::Convolution const& g, int batch, int threads, bool has_bias, Base base, std::uint64_t seed) {
  Random random(Seed{seed});
  int const in = g.C * g.H * g.W, out = g.M * g.OH * g.OW;
  auto const x = test::random_values<T>(random, batch * in), weights = test::random_values<T>(random, g.M * g.C * g.K * g.K);
  auto const bias = test::random_values<T>(random, g.M), added = test::random_values<T>(random, batch * out);
  std::vector<T> y = base == Base::itself ? added : std::vector<T>(added.size(), std::numeric_limits<T>::quiet_NaN());
  std::vector<double> expected(added.size());
  for (int n = 0; n < batch; ++n) {
    for (int m = 0; m < g.M; ++m)
      for (int p = 0; p < g.OH * g.OW; ++p) {
        auto const at = static_cast<std::size_t>(n * out + test::place(g.M, g.OH * g.OW, m, p));
        expected[at] = (base == Base::none ? 0 : static_cast<double>(added[at])) +
                       (has_bias ? static_cast<double>(bias[static_cast<std::size_t>(m)]) : 0);
      }
    test::for_products(g, [&](int from, int to, int w) {
      expected[static_cast<std::size_t>(n * out + to)] +=
          static_cast<double>(x[static_cast<std::size_t>(n * in + from)]) * static_cast<double>(weights[static_cast<std::size_t>(w)]);
    });
  }
  Context<Host> ctx;
  ctx.threads = threads;
  ctx.scratch = Arena(host::convolve_scratch<T>(g, batch, threads));
  host::convolve<T>(ctx, g, batch, x.data(), weights.data(), has_bias ? bias.data() : nullptr,
                    base == Base::none    ? nullptr
                    : base == Base::other ? added.data()
                                          : y.data(),
                    y.data());
  return test::relative_error(y, expected);
}

// Sums of at most 48 * 25 products of order 1: 1000 roundings of 1.1e-16 in double, 6e-8 in float, of which most cancel.
template <class T>
constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;
}  // namespace

TEST_CASE_TEMPLATE("convolve is six loops, for any geometry", T, float, double) {
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

TEST_CASE("convolve reads large weights once for several pictures, and gives the same") {
  host::Convolution const g{130, 3, 4, 120, 3, 4, 3, 1, 1, false};  // 550 KiB of float weights
  CHECK(error_of<float>(g, 3, 2, true, Base::other, 1) < tolerance<float>);
  CHECK(error_of<float>(g, 1, 3, false, Base::none, 2) < tolerance<float>);
  host::Convolution const blocks{128, 3, 4, 112, 3, 4, 3, 1, 1, false};
  CHECK(error_of<float>(blocks, 3, 2, true, Base::other, 1) < tolerance<float>);
  CHECK(error_of<float>(blocks, 1, 3, false, Base::none, 2) < tolerance<float>);
}

TEST_CASE("convolve takes every width of a tile") {
  for (int width = 1; width <= 33; ++width) {
    CAPTURE(width);
    CHECK(error_of<float>({16, 5, width, 48, 5, width, 3, 1, 1, false}, 2, 2, true, Base::other, 1) < tolerance<float>);
    CHECK(error_of<double>({32, 3, width, 16, 3, width, 3, 1, 1, true}, 1, 2, false, Base::none, 2) < tolerance<double>);
  }
}

TEST_CASE("convolve writes no pixel that no input reaches") {  // a phase of the output without rows, and one without taps
  CHECK(error_of<float>({16, 1, 3, 16, 1, 9, 1, 3, 0, true}, 2, 2, true, Base::none, 1) < tolerance<float>);
  CHECK(error_of<float>({16, 2, 2, 16, 2, 2, 2, 2, 1, true}, 2, 2, false, Base::other, 2) < tolerance<float>);
}

TEST_CASE("convolve takes kernels of eight by eight and strides of four") {
  CHECK(error_of<double>({3, 9, 10, 5, 2, 3, 8, 1, 0, false}, 2, 1, true, Base::none, 1) < tolerance<double>);
  CHECK(error_of<double>({3, 12, 13, 5, 3, 3, 8, 4, 2, false}, 2, 1, true, Base::none, 2) < tolerance<double>);
  CHECK(error_of<double>({5, 3, 3, 3, 16, 16, 8, 4, 0, true}, 2, 2, true, Base::itself, 3) < tolerance<double>);
}

TEST_CASE("convolve leaves the same bits for any number of threads") {
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
      ctx.scratch = Arena(host::convolve_scratch<float>(g, batch, threads));
      std::vector<float> y(static_cast<std::size_t>(batch * g.M * g.OH * g.OW));
      host::convolve<float>(ctx, g, batch, x.data(), weights.data(), nullptr, nullptr, y.data());
      if (threads == 1) first = y;
      CHECK(y == first);
    }
  }
}
