#include <berl/host/nn/linear.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // equal, max
#include <cmath>      // abs
#include <limits>     // numeric_limits
#include <vector>

using namespace berl;

namespace {
// small whole numbers: sums are exact in any order
std::vector<float> numbers(int n, int period) {
  std::vector<float> v(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) v[static_cast<std::size_t>(i)] = static_cast<float>(i % period - period / 2);
  return v;
}
}  // namespace

TEST_CASE_TEMPLATE("a sample has the same bits in any batch, for any number of threads and terms", T, float, double) {
  constexpr int O = 70;
  for (int const I : {3, 16, 2048, 5003}) {  // fewer terms than a vector, and more than are summed in a row, not in whole vectors
    std::vector<T> w(static_cast<std::size_t>(O * I)), x(static_cast<std::size_t>(9 * I)), first;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<T>(i % 89) / 89 - T(0.4);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i % 97) / 97 - T(0.6);
    for (int const batch : {9, 1, 2, 3, 4, 7})
      for (int const threads : {1, 3}) {
        Context<Host> ctx;
        ctx.threads = threads;
        ctx.scratch = Arena(host::linear_scratch<T>(batch, I, O));
        std::vector<T> y(static_cast<std::size_t>(batch * O));
        host::linear(
            ctx, batch, I, O, w.data(), [&](int k, int i) { return x[static_cast<std::size_t>(k * I + i)]; },
            [&](int k, int o, T v) { y[static_cast<std::size_t>(k * O + o)] = v; });
        if (first.empty()) first = y;
        CHECK(std::equal(y.begin(), y.end(), first.begin()));
        double worst = 0;
        for (int k = 0; k < batch; ++k)
          for (int o = 0; o < O; ++o) {
            double sum = 0;
            for (int i = 0; i < I; ++i)
              sum +=
                  static_cast<double>(w[static_cast<std::size_t>(o * I + i)]) * static_cast<double>(x[static_cast<std::size_t>(k * I + i)]);
            worst = std::max(worst, std::abs(sum - static_cast<double>(y[static_cast<std::size_t>(k * O + o)])));
          }
        // Products of at most 0.36, each rounded, and again whenever it is part of a sum of a lane; most of it cancels.
        CHECK(worst < 0.5 * std::numeric_limits<T>::epsilon() * I);
      }
  }
}

TEST_CASE("the three products of a fully connected layer, for one and several threads") {
  constexpr int batch = 5, I = 70, O = 131;  // more than a block, and not whole ones
  auto const w = numbers(O * I, 7), x = numbers(batch * I, 5), dy = numbers(batch * O, 9);
  auto const at = [](std::vector<float> const& v, int row, int columns, int column) {
    return v[static_cast<std::size_t>(row * columns + column)];
  };
  for (int const threads : {1, 2, 7}) {
    Context<Host> ctx;
    ctx.threads = threads;
    ctx.scratch = Arena(host::linear_scratch<float>(batch, I, O));
    std::vector<float> y(batch * O), dx(batch * I), dw(w.size(), 1.0f);
    auto const input = [&](int k, int i) { return at(x, k, I, i); };
    host::linear(ctx, batch, I, O, w.data(), input, [&](int k, int o, float v) { y[static_cast<std::size_t>(k * O + o)] = v; });
    host::linear_transposed(ctx, batch, I, O, w.data(), dy.data(),
                            [&](int k, int i, float v) { dx[static_cast<std::size_t>(k * I + i)] = v; });
    host::linear_gradient(ctx, batch, I, O, input, dy.data(), dw.data());
    for (int k = 0; k < batch; ++k) {
      for (int o = 0; o < O; ++o) {
        float sum = 0;
        for (int i = 0; i < I; ++i) sum += at(w, o, I, i) * at(x, k, I, i);
        CHECK(at(y, k, O, o) == sum);
      }
      for (int i = 0; i < I; ++i) {
        float sum = 0;
        for (int o = 0; o < O; ++o) sum += at(w, o, I, i) * at(dy, k, O, o);
        CHECK(at(dx, k, I, i) == sum);
      }
    }
    for (int o = 0; o < O; ++o)
      for (int i = 0; i < I; ++i) {
        float sum = 1;
        for (int k = 0; k < batch; ++k) sum += at(dy, k, O, o) * at(x, k, I, i);
        CHECK(at(dw, o, I, i) == sum);
      }
  }
}
