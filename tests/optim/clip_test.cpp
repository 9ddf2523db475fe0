#include <berl/optim/clip.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

TEST_CASE("a gradient longer than the limit is shortened to it, a shorter one is left alone") {
  berl::Context<berl::Host> ctx;
  std::vector<double> dx{3, -4, 12};
  CHECK(berl::optim::clip_norm(ctx, std::span<double>(dx), 26.0) == 13.0);
  CHECK(dx == std::vector<double>{3, -4, 12});
  CHECK(berl::optim::clip_norm(ctx, std::span<double>(dx), 5.0) == 13.0);
  double const scale = 5 / (13 + 1e-6);
  CHECK(golden::deviation(dx, std::vector<double>{3 * scale, -4 * scale, 12 * scale}) < 1e-15);  // one rounding each
  std::vector<double> none;
  CHECK(berl::optim::clip_norm(ctx, std::span<double>(none), 5.0) == 0.0);
}

TEST_CASE("the length has the same bits for any number of threads") {
  auto const x = golden::filled("x", 100'003, 1);
  berl::Context<berl::Host> one, two, seven;
  two.threads = 2;
  seven.threads = 7;
  std::span<float const> const s(x);
  double const found = berl::optim::squared_norm(one, s);
  CHECK(found == berl::optim::squared_norm(two, s));
  CHECK(found == berl::optim::squared_norm(seven, s));
  double sum = 0;
  for (float const v : x) sum += static_cast<double>(v) * static_cast<double>(v);
  CHECK(std::abs(found - sum) < 1e-10 * sum);  // 1e5 additions in another order
}
