#include <berl/optim/adam.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

using berl::optim::Adam;

namespace {
struct Moments {
  std::vector<double> m, v;
};
/// 20 steps over the fixture's gradients, each compared.
template <class T>
Moments follow(std::string const& name, Adam adam, double tolerance) {
  golden::File const file("optimizers");
  auto const gradients = file.get<T>("grads"), expected = file.get<T>(name + "/params");
  auto const rates = file.get(name + "/lr");
  auto x = file.get<T>("param");
  std::size_t const n = x.size();
  std::vector<T> m(n), v(n);
  berl::Context<berl::Host> ctx;
  for (std::size_t k = 0; k < rates.size(); ++k) {
    adam.step(ctx, std::span<T>(x), std::span<T const>(&gradients[k * n], n), std::span<T>(m), std::span<T>(v), rates[k], adam.weight_decay,
              static_cast<long>(k + 1));
    CHECK(golden::deviation(x, std::vector<T>(&expected[k * n], &expected[k * n] + n)) < tolerance);
  }
  return {{m.begin(), m.end()}, {v.begin(), v.end()}};
}
}  // namespace

TEST_CASE("adam follows PyTorch for 20 steps") {
  golden::File const file("optimizers");
  double const rounding = 1e-12;  // the fixture's own statement for double
  auto const moments = follow<double>("adam", {.weight_decay = 5e-4}, rounding);
  CHECK(golden::deviation(moments.m, file.get("adam/final_exp_avg")) < rounding);
  CHECK(golden::deviation(moments.v, file.get("adam/final_exp_avg_sq")) < rounding);
  follow<double>("adam_nodecay", {.weight_decay = 0}, rounding);
  follow<float>("adam", {.weight_decay = 5e-4}, 1e-5);  // likewise, for float
}

TEST_CASE("adam over a block is adam over each number, for any number of threads") {
  std::size_t const n = 3 * berl::optim::block_size + 17;
  auto const x0 = golden::filled("x", n, 1), dx = golden::filled("dx", n, 1);
  Adam const adam{.rate = 0.01, .weight_decay = 5e-4};
  auto const run = [&](int threads) {
    auto x = x0;
    std::vector<float> m(n), v(n);
    berl::Context<berl::Host> ctx;
    ctx.threads = threads;
    for (long k = 1; k <= 3; ++k)
      adam.step(ctx, std::span<float>(x), std::span<float const>(dx), std::span<float>(m), std::span<float>(v), adam.rate,
                adam.weight_decay, k);
    return x;
  };
  auto const one = run(1);
  CHECK(one == run(2));
  CHECK(one == run(7));
  auto x = x0;
  std::vector<float> m(n), v(n);
  for (int k = 1; k <= 3; ++k)
    for (std::size_t i = 0; i < n; ++i) adam.step(x[i], dx[i], m[i], v[i], k);
  CHECK(golden::deviation(x, one) < 1e-6);  // a fused multiply-add here and not there
}

TEST_CASE("adam's first step has the length of the rate, whatever the gradient") {
  for (double const dx : {1e-3, 1.0, -1e6}) {
    double x = 0, m = 0, v = 0;
    Adam{.rate = 0.05}.step(x, dx, m, v, 1);
    CHECK(std::abs(x + std::copysign(0.05, dx)) < 0.05 * 1.1e-5);  // epsilon / 1e-3, relative
  }
}
