#include <berl/nn/runs.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl;
using namespace berl::nn::detail;

static_assert(Runs<Shape<32, 4, 5>>::block == 16 && Runs<Shape<32, 4, 5>>::blocks == 2 && Runs<Shape<32, 4, 5>>::pixels == 20);
static_assert(Runs<Shape<3, 4, 5>>::block == 1 && Runs<Shape<3, 4, 5>>::blocks == 3 && Runs<Shape<3, 4, 5>>::length == 20);
static_assert(Runs<Shape<512>>::block == 16 && Runs<Shape<512>>::pixels == 1 && Runs<Shape<5>>::blocks == 5);

namespace {
template <int block, int length>
void check_run() {
  CAPTURE(block);
  CAPTURE(length);
  std::vector<double> x(length), factor(block), y(length), base(length, 100);
  for (int i = 0; i < length; ++i) x[static_cast<std::size_t>(i)] = i % 7;
  for (int c = 0; c < block; ++c) factor[static_cast<std::size_t>(c)] = c + 1;
  Lanes<double, block> const lanes(factor.data());
  map_run<true>(length, base.data(), y.data(), [&](int i, int k) { return lanes.at[k] * x[static_cast<std::size_t>(i)]; });
  double sums[2][block] = {}, expected[2][block] = {};
  sums[0][0] = expected[0][0] = 5;  // what is there stays
  sum_run<double, block, length>(
      [&](int i, int k, double& a, double& b) {
        a = x[static_cast<std::size_t>(i)];
        b = lanes.at[k];
      },
      sums);
  for (int i = 0; i < length; ++i) {  // whole numbers: no rounding
    CHECK(y[static_cast<std::size_t>(i)] == 100 + (i % block + 1) * (i % 7));
    expected[0][i % block] += i % 7;
    expected[1][i % block] += i % block + 1;
  }
  for (int s = 0; s < 2; ++s)
    for (int c = 0; c < block; ++c) CHECK(sums[s][c] == expected[s][c]);
}
}  // namespace

TEST_CASE("each element of a run belongs to its channel, in lanes, remainders and several chunks") {
  check_run<1, 1>();
  check_run<1, 31>();
  check_run<1, 77>();
  check_run<16, 16>();
  check_run<16, 48>();
  check_run<16, 16 * 49>();
  check_run<16, 16 * 300>();
  check_run<1, 5000>();
}
