#include <berl/core/tensor.hpp>
#include <berl/data/resize.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>  // memcmp

using namespace berl;
using data::Resize;

namespace {
template <class T, int S>
Tensor<T, Shape<3, S, S>> waves(int batch) {
  Tensor<T, Shape<3, S, S>> x(batch);
  for (int n = 0; n < batch; ++n)
    for (int c = 0; c < 3; ++c)
      for (int v = 0; v < S; ++v)
        for (int u = 0; u < S; ++u)
          x[static_cast<std::size_t>(((n * 3 + c) * S + v) * S + u)] = static_cast<T>(std::sin(0.1 * u) + std::cos(0.07 * v) + c + 10 * n);
  return x;
}
}  // namespace

TEST_CASE("resize: 112 to 64 gives the check values of the specification") {
  struct Expected {
    Resize method;
    double at_20_10, first, last, sum;
  };
  Context<Host> ctx;
  auto const x = waves<double, 112>(1);
  for (auto const& e : {Expected{Resize::bilinear, -0.0711374047, 1.0365191563, -0.8866496533, 849.3505680312},
                        Expected{Resize::triangle, -0.0699551886, 1.0507307181, -0.8766778967, 849.8652213366}}) {
    Tensor<double, Shape<3, 64, 64>> y;
    data::resize(ctx, e.method, x.read(), y.write());
    double sum = 0;
    for (std::size_t i = 0; i < 64 * 64; ++i) sum += y[i];
    // The values are given to 10 decimals: one unit of the last. So is the sum, of 4096 values with roundings of 1e-16.
    CHECK(std::abs(y[10 * 64 + 20] - e.at_20_10) < 1e-10);
    CHECK(std::abs(y[0] - e.first) < 1e-10);
    CHECK(std::abs(y[64 * 64 - 1] - e.last) < 1e-10);
    CHECK(std::abs(sum - e.sum) < 1e-10);
  }
}

TEST_CASE("resize: float agrees with double, and threads change no bit") {
  Context<Host> ctx;
  auto const x = waves<float, 112>(3);
  auto const xd = waves<double, 112>(3);
  for (auto const method : {Resize::bilinear, Resize::triangle, Resize::area}) {
    Tensor<float, Shape<3, 64, 64>> y(3), again(3);
    Tensor<double, Shape<3, 64, 64>> yd(3);
    data::resize(ctx, method, x.read(), y.write());
    data::resize(ctx, method, xd.read(), yd.write());
    for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(std::abs(y[i] - yd[i]) < 24 * 8 * 6e-8);  // values to 24, 8 roundings
    for (int const threads : {2, 7}) {
      ctx.threads = threads;
      data::resize(ctx, method, x.read(), again.write());
      CHECK(std::memcmp(y.span().data(), again.span().data(), y.size() * sizeof(float)) == 0);
    }
    ctx.threads = 1;
  }
}

TEST_CASE("resize: area keeps the mean, and halves are means of 2 x 2") {
  Context<Host> ctx;
  auto const x = waves<double, 112>(1);
  double mean = 0;
  for (std::size_t i = 0; i < 112 * 112; ++i) mean += x[i] / (112 * 112);
  Tensor<double, Shape<3, 64, 64>> y;
  data::resize(ctx, Resize::area, x.read(), y.write());
  double after = 0;
  for (std::size_t i = 0; i < 64 * 64; ++i) after += y[i] / (64 * 64);
  CHECK(std::abs(mean - after) < 1e-12);  // every input pixel has the same total weight; rounding alone remains

  Tensor<double, Shape<3, 56, 56>> half;
  data::resize(ctx, Resize::area, x.read(), half.write());
  double const expected = (x[2 * 112 + 4] + x[2 * 112 + 5] + x[3 * 112 + 4] + x[3 * 112 + 5]) / 4;
  CHECK(std::abs(half[1 * 56 + 2] - expected) < 1e-14);
}

TEST_CASE("resize: the same size is the identity, a constant stays, enlarging works") {
  Context<Host> ctx;
  auto const x = waves<double, 16>(1);
  for (auto const method : {Resize::bilinear, Resize::triangle, Resize::area}) {
    Tensor<double, Shape<3, 16, 16>> same;
    data::resize(ctx, method, x.read(), same.write());
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(same[i] == x[i]);
    Tensor<double, Shape<3, 16, 16>> const flat(1, 0.25);
    Tensor<double, Shape<3, 37, 5>> y;
    data::resize(ctx, method, flat.read(), y.write());
    for (double const value : y.span()) REQUIRE(std::abs(value - 0.25) < 1e-15);  // the weights sum to 1 up to rounding
    Tensor<double, Shape<3, 1, 1>> const one(1, -1.0);
    data::resize(ctx, method, one.read(), y.write());
    for (double const value : y.span()) REQUIRE(value == doctest::Approx(-1).epsilon(1e-15));
  }
}
