#include <berl/nn/activated.hpp>
#include <berl/nn/normalise.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl;
using namespace berl::nn::detail;

TEST_CASE("moments of sets are joined to those of their union") {
  Moments m;
  m.join(2, 1, 2);  // 0, 2
  m.join(3, 6, 8);  // 4, 6, 8
  CHECK(m.count == 5);
  CHECK(m.mean == doctest::Approx(4).epsilon(1e-15));
  CHECK(m.squares == doctest::Approx(16 + 4 + 0 + 4 + 16).epsilon(1e-15));
}

TEST_CASE("the moments of a run are those of its channels, far from zero too") {
  using R = Runs<Shape<16, 3, 3>>;
  std::vector<float> x(R::length);
  for (int i = 0; i < R::length; ++i)
    x[static_cast<std::size_t>(i)] = 1e6f + static_cast<float>(i / 16 * (i % 16));  // channel c: c (0 ... 8)
  double mean[16], squares[16];
  moments_of_run<R>(x.data(), mean, squares);
  for (int c = 0; c < 16; ++c) {
    CHECK(mean[c] == 1e6 + 4 * c);
    CHECK(squares[c] == 60 * c * c);
  }
}

TEST_CASE("a run is normalised, and its gradient pulled, by the numbers of its channels") {
  using R = Runs<Shape<16, 1, 2>>;
  std::vector<double> x(R::length), y(R::length), dx(R::length), mean(32, 1), scale(32, 2), shift(32, 3), b(16, 5), d(16, 7);
  mean[17] = -1;  // of the second block's channel 1
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  NormOfRun<R, Unchanged, double> const norm(mean.data(), scale.data(), shift.data(), {}, 16);
  norm.forward<false>(x.data(), nullptr, y.data());
  CHECK(y[0] == 2 * (0 - 1) + 3);
  CHECK(y[17] == 2 * (17 + 1) + 3);
  std::vector<double> const dy(R::length, 1);
  double sums[2][16] = {};
  norm.sum(x.data(), dy.data(), sums);
  CHECK(sums[0][1] == 2);
  CHECK(sums[1][1] == (1 + 1) + (17 + 1));
  norm.backward<true>(x.data(), dy.data(), b.data(), d.data(), x.data(), dx.data());
  CHECK(dx[17] == 17 + 2 * 1 + 5 * (17 + 1) + 7);
}

TEST_CASE("what is read of a batch's runs lies at its sample and channels") {
  using S = berl::Shape<32, 1, 2>;
  std::vector<double> x(2 * S::size), dy(x.size(), 1), mean(32, 1), one(32, 1), shift(32), sums(3 * 2 * 32, -1);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  berl::Read<double, S, berl::Host> const all(x.data(), 2), all_dy(dy.data(), 2);
  MomentsOfRuns<double, S> const moments(all, sums.data());
  moments(3);  // the second sample's second block: its channel 1 has the elements 97 and 113
  CHECK(moments.means == sums.data());
  CHECK(moments.means[32 + 17] == 105);
  CHECK(moments.squares[32 + 17] == 128);
  CHECK(sums[32 + 15] == -1);  // of the block before
  SumsOfRuns<double, S, Unchanged> const of_runs(all, all_dy, {mean.data(), one.data(), one.data(), shift.data(), {}}, sums.data());
  of_runs(3);
  CHECK(of_runs.partial[0][32 + 17] == 2);
  CHECK(of_runs.partial[1][32 + 17] == 96 + 112);
}
