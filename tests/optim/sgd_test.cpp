#include <berl/optim/sgd.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

#include <algorithm>  // find
#include <vector>

using berl::optim::Sgd;

namespace {
/// 20 steps over the fixture's gradients, each compared; returns the momentum.
template <class T>
std::vector<T> follow(std::string const& name, Sgd sgd, double tolerance) {
  golden::File const file("optimizers");
  auto const gradients = file.get<T>("grads"), expected = file.get<T>(name + "/params");
  auto const rates = file.get(name + "/lr");
  auto x = file.get<T>("param");
  std::size_t const n = x.size();
  std::vector<T> b(n, T(1e30));  // the first step must not read it
  berl::Context<berl::Host> ctx;
  for (std::size_t k = 0; k < rates.size(); ++k) {
    sgd.step(ctx, std::span<T>(x), std::span<T const>(&gradients[k * n], n), std::span<T>(b), rates[k], sgd.weight_decay,
             static_cast<long>(k + 1));
    CHECK(golden::deviation(x, std::vector<T>(&expected[k * n], &expected[k * n] + n)) < tolerance);
  }
  return b;
}
}  // namespace

TEST_CASE("sgd follows PyTorch for 20 steps") {
  golden::File const file("optimizers");
  double const rounding = 1e-12;  // the fixture's own statement for double
  auto const b = follow<double>("sgd", {.momentum = 0.9, .weight_decay = 5e-4}, rounding);
  CHECK(golden::deviation(b, file.get("sgd/final_momentum_buffer")) < rounding);
  auto const c = follow<double>("sgd_multistep", {.momentum = 0.9, .weight_decay = 5e-4}, rounding);
  CHECK(golden::deviation(c, file.get("sgd_multistep/final_momentum_buffer")) < rounding);
  follow<float>("sgd", {.momentum = 0.9, .weight_decay = 5e-4}, 1e-5);  // likewise, for float
}

TEST_CASE("sgd over a block is sgd over each number, for any number of threads") {
  std::size_t const n = 3 * berl::optim::block_size + 17;
  auto const x0 = golden::filled("x", n, 1), dx = golden::filled("dx", n, 1);
  Sgd const sgd{.rate = 0.01};
  auto const run = [&](int threads) {
    auto x = x0;
    std::vector<float> b(n);
    berl::Context<berl::Host> ctx;
    ctx.threads = threads;
    for (long k = 1; k <= 3; ++k)
      sgd.step(ctx, std::span<float>(x), std::span<float const>(dx), std::span<float>(b), sgd.rate, sgd.weight_decay, k);
    return x;
  };
  auto const one = run(1);
  CHECK(one == run(2));
  CHECK(one == run(7));
  auto x = x0;
  std::vector<float> b(n);
  for (int k = 1; k <= 3; ++k)
    for (std::size_t i = 0; i < n; ++i) sgd.step(x[i], dx[i], b[i], k);
  CHECK(golden::deviation(x, one) < 1e-6);  // a fused multiply-add here and not there
}

TEST_CASE("sgd refuses spans of different lengths") {
  std::vector<double> x(3), dx(2), b(3);
  berl::Context<berl::Host> ctx;
  CHECK_THROWS_AS(Sgd{}.step(ctx, std::span<double>(x), std::span<double const>(dx), std::span<double>(b), 0.1, 0.0, 1L), std::logic_error);
}

TEST_CASE("sgd over some rows moves these as a block does, and leaves the others and their momentum alone") {
  constexpr std::size_t width = 5, rows = 7;
  auto const x0 = golden::filled("x", rows * width, 1), dx = golden::filled("dx", rows * width, 1),
             b0 = golden::filled("b", rows * width, 1);
  std::vector<int> const some{5, 0, 2};
  Sgd const sgd{.rate = 0.01};
  berl::Context<berl::Host> ctx;
  for (long k : {1, 2}) {
    auto whole = x0, x = x0, momentum = b0, b = b0;
    sgd.step(ctx, std::span<float>(whole), std::span<float const>(dx), std::span<float>(momentum), sgd.rate, sgd.weight_decay, k);
    sgd.step_rows(ctx, some, width, x.data(), dx.data(), b.data(), sgd.rate, sgd.weight_decay, k);
    for (std::size_t i = 0; i < x.size(); ++i) {
      bool const moved = std::find(some.begin(), some.end(), static_cast<int>(i / width)) != some.end();
      CHECK(x[i] == (moved ? whole : x0)[i]);
      CHECK(b[i] == (moved ? momentum : b0)[i]);
    }
  }
}
