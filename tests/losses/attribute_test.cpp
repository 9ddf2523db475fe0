#include <berl/core/tensor.hpp>
#include <berl/losses/attribute.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using S = Shape<40>;

namespace {
struct Case {
  Tensor<double, S> x{3}, t{3};
  Context<Host> ctx;
  Case() {
    auto const values = golden::filled("logits", x.size(), 4);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(values[i]), t[i] = i % 3 == 0 ? 1 : 0;
  }
  double loss() { return losses::attribute(ctx, x.read(), t.read(), Skip<double, S, Host>{}).loss; }
};
}  // namespace

TEST_CASE("the loss is the mean of -log of what was given to the right answer") {
  Case c;
  double sum = 0, right = 0;
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    double const p = 1 / (1 + std::exp(-c.x[i]));
    sum -= std::log(c.t[i] > 0 ? p : 1 - p);
    right += (p > 0.5) == (c.t[i] > 0) ? 1 : 0;
  }
  auto const result = losses::attribute(c.ctx, c.x.read(), c.t.read(), Skip<double, S, Host>{});
  CHECK(std::abs(result.loss - sum / 120) < 1e-14);  // 120 roundings of values about 1
  CHECK(result.accuracy == right / 120);
}

TEST_CASE("the gradient is that of the loss, overwritten or added to") {
  Case c;
  Tensor<double, S> dx(3, 1e30), added(3, 1.0);
  losses::attribute(c.ctx, c.x.read(), c.t.read(), dx.write());
  losses::attribute(c.ctx, c.x.read(), c.t.read(), added.add());
  double const h = 1e-6;  // truncation h^2, rounding 1e-16 / h
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    double const at = c.x[i];
    c.x[i] = at + h;
    double const above = c.loss();
    c.x[i] = at - h;
    double const below = c.loss();
    c.x[i] = at;
    CHECK(std::abs((above - below) / (2 * h) - dx[i]) < 1e-9);
    CHECK(added[i] == 1.0 + dx[i]);
  }
}

TEST_CASE("large logits neither overflow nor vanish") {
  using losses::BinaryCrossEntropy;
  CHECK(BinaryCrossEntropy::value(1000.0f, 1.0f) == 0);
  CHECK(BinaryCrossEntropy::value(1000.0f, 0.0f) == 1000);
  CHECK(BinaryCrossEntropy::value(-1000.0f, 1.0f) == 1000);
  CHECK(BinaryCrossEntropy::value(-50.0, 0.0) == doctest::Approx(std::exp(-50.0)));
  CHECK(BinaryCrossEntropy::slope(1000.0f, 0.0f) == 1);
  CHECK(BinaryCrossEntropy::slope(-1000.0f, 1.0f) == -1);
}

TEST_CASE("CelebA's label -1 is refused by name") {
  Case c;
  c.t[45] = -1;
  CHECK_THROWS_WITH_AS(
      c.loss(),
      "berl::losses::attribute: attribute 5 of sample 1: found -1.000000; expected a number from 0 (absent) to 1 (present). Map "
      "labels of -1 to 0.",
      Error);
}
