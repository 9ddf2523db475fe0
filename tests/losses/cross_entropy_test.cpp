#include <berl/core/tensor.hpp>
#include <berl/losses/cross_entropy.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using S = Shape<5>;

namespace {
struct Case {
  Tensor<double, S> x{3}, t{3};
  Context<Host> ctx;
  Case() {
    auto const values = golden::filled("logits", x.size(), 4);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(values[i]);
    t[1] = 1, t[5 + 4] = 1, t[10] = 0.25, t[11] = 0.75;  // the last sample has a distribution
  }
  double loss() { return losses::cross_entropy(ctx, x.read(), t.read(), Skip<double, S, Host>{}).loss; }
};
}  // namespace

TEST_CASE("cross entropy is the mean of -log of what softmax gives to the class") {
  Case c;
  double expected = 0, right = 0;
  for (std::size_t n = 0; n < 3; ++n) {
    double sum = 0;
    for (std::size_t k = 0; k < 5; ++k) sum += std::exp(c.x[5 * n + k]);
    for (std::size_t k = 0; k < 5; ++k) expected -= c.t[5 * n + k] * std::log(std::exp(c.x[5 * n + k]) / sum) / 3;
    std::size_t const wanted = n == 1 ? 4 : 1;
    bool best = true;
    for (std::size_t k = 0; k < 5; ++k) best = best && c.x[5 * n + k] <= c.x[5 * n + wanted];
    right += best ? 1 : 0;
  }
  auto const found = losses::cross_entropy(c.ctx, c.x.read(), c.t.read(), Skip<double, S, Host>{});
  CHECK(std::abs(found.loss - expected) < 1e-13);  // some twenty roundings of values below 10
  CHECK(found.accuracy == doctest::Approx(right / 3));
}

TEST_CASE("cross entropy: the gradient is that of the loss, overwritten or added to, and sums to nothing") {
  Case c;
  Tensor<double, S> dx(3, 1e30), added(3, 1.0);
  losses::cross_entropy(c.ctx, c.x.read(), c.t.read(), dx.write());
  losses::cross_entropy(c.ctx, c.x.read(), c.t.read(), added.add());
  double const h = 1e-6;  // truncation h^2, rounding 1e-16 / h
  double sum = 0;
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    double const at = c.x[i];
    c.x[i] = at + h;
    double const above = c.loss();
    c.x[i] = at - h;
    double const below = c.loss();
    c.x[i] = at;
    CHECK(std::abs((above - below) / (2 * h) - dx[i]) < 1e-9);
    CHECK(added[i] == 1.0 + dx[i]);
    sum += dx[i];
  }
  CHECK(std::abs(sum) < 1e-15);  // softmax and target both sum to one
}

TEST_CASE("cross entropy: large logits neither overflow nor vanish") {
  Tensor<float, Shape<2>> x(1), t(1);
  Context<Host> ctx;
  x[0] = 1000, x[1] = -1000, t[1] = 1;
  CHECK(losses::cross_entropy(ctx, x.read(), t.read(), Skip<float, Shape<2>, Host>{}).loss == 2000);
  t[0] = 1, t[1] = 0;
  CHECK(losses::cross_entropy(ctx, x.read(), t.read(), Skip<float, Shape<2>, Host>{}).loss == 0);
}
