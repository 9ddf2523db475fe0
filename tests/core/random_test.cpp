#include <berl/core/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // sort
#include <array>
#include <cmath>  // abs, sqrt, erfc
#include <set>
#include <vector>

using berl::named;
using berl::Random;
using berl::random_bits;
using berl::Seed;

namespace {
// SplitMix64 as its authors print it: a state that moves.
std::uint64_t published(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
}  // namespace

// Usable in constant expressions.
static_assert(Random(Seed{1}).bits() == random_bits(Seed{1}, 0, 0, 0));
static_assert(Random(Seed{1}).uniform() < 1.0);
static_assert(named(Seed{1}, "order") != named(Seed{1}, "flip"));
static_assert(named(Seed{1}, "order") != named(Seed{2}, "order"));

TEST_CASE("random: the published generator gives the same numbers") {
  std::uint64_t x = 1234567;  // the first outputs for this seed are widely published
  CHECK(published(x) == 6457827717110365317u);
  CHECK(published(x) == 3203168211198807973u);
  CHECK(berl::detail::mix(1234567 + berl::detail::gamma) == 6457827717110365317u);

  // The key by the generator itself: one output each after adding seed, a and b.
  std::uint64_t s = 42;
  std::uint64_t const of_seed = published(s);
  s = of_seed ^ 7;
  std::uint64_t const of_step = published(s);
  s = of_step ^ 3;
  std::uint64_t key = published(s);
  Random random(Seed{42}, 7, 3);
  for (std::uint64_t i = 0; i < 5; ++i) {
    std::uint64_t const expected = published(key);
    CHECK(random.bits() == expected);
    CHECK(random_bits(Seed{42}, 7, 3, i) == expected);
  }
}

TEST_CASE("random: seed, step and sample each make another stream, and a stream repeats") {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 12; ++seed)
    for (std::uint64_t step = 0; step < 12; ++step)
      for (std::uint64_t sample = 0; sample < 12; ++sample) first.insert(random_bits(Seed{seed}, step, sample, 0));
  CHECK(first.size() == 12 * 12 * 12);  // 1728 of 2^64: two alike by chance once in 10^13
  Random a(Seed{5}, 1, 2), b(Seed{5}, 1, 2);
  for (int i = 0; i < 100; ++i) CHECK(a.uniform() == b.uniform());
}

TEST_CASE("random: neighbouring keys are independent") {
  // Correlation of the first numbers of samples n and n + 1: standard error 1 / sqrt(N), bound 5 of them.
  int const count = 100'000;
  double product = 0;
  for (std::uint64_t n = 0; n < count; ++n) {
    double const x = Random(Seed{9}, 4, n).uniform() - 0.5;
    double const y = Random(Seed{9}, 4, n + 1).uniform() - 0.5;
    product += 12 * x * y;
  }
  CHECK(std::abs(product / count) < 5 / std::sqrt(count));
}

TEST_CASE("random: uniform numbers have the moments of [0, 1)") {
  Random random(Seed{1});
  int const count = 200'000;
  double sum = 0, squares = 0;
  std::array<int, 64> bins{};
  for (int i = 0; i < count; ++i) {
    double const x = random.uniform();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    sum += x;
    squares += x * x;
    ++bins[static_cast<std::size_t>(x * 64)];
  }
  // Bounds of 5 standard errors: sd(x) = sqrt(1/12), sd(x^2) = sqrt(4/45).
  CHECK(std::abs(sum / count - 1.0 / 2) < 5 * std::sqrt(1.0 / 12 / count));
  CHECK(std::abs(squares / count - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / count));
  double chi2 = 0;
  for (int const n : bins) chi2 += (n - count / 64.0) * (n - count / 64.0) / (count / 64.0);
  CHECK(chi2 > 63 - 5 * std::sqrt(2.0 * 63));  // 63 degrees of freedom: mean 63, variance 126
  CHECK(chi2 < 63 + 5 * std::sqrt(2.0 * 63));

  float largest = 0;
  for (int i = 0; i < count; ++i) largest = std::max(largest, random.uniform<float>());
  CHECK(largest < 1.0f);
  double const between = random.uniform(-3.0, -2.0);
  CHECK(between >= -3.0);
  CHECK(between <= -2.0);
}

TEST_CASE("random: normal numbers have the moments and the tails of N(0, 1)") {
  Random random(Seed{2}, 1);
  int const count = 200'000;
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  int beyond_two = 0;
  for (int i = 0; i < count; ++i) {
    double const x = random.normal();
    m1 += x, m2 += x * x, m3 += x * x * x, m4 += x * x * x * x;
    beyond_two += std::abs(x) > 2;
  }
  // 5 standard errors; var(x^k) = E x^2k - (E x^k)^2 = 1, 2, 15, 96.
  CHECK(std::abs(m1 / count) < 5 * std::sqrt(1.0 / count));
  CHECK(std::abs(m2 / count - 1) < 5 * std::sqrt(2.0 / count));
  CHECK(std::abs(m3 / count) < 5 * std::sqrt(15.0 / count));
  CHECK(std::abs(m4 / count - 3) < 5 * std::sqrt(96.0 / count));
  double const p = std::erfc(std::sqrt(2.0));  // 0.0455
  CHECK(std::abs(beyond_two - p * count) < 5 * std::sqrt(p * (1 - p) * count));
}

TEST_CASE("random: below(n) is unbiased") {
  Random random(Seed{3});
  std::array<int, 7> bins{};
  int const count = 70'000;
  for (int i = 0; i < count; ++i) ++bins[random.below(7)];
  for (int const n : bins) CHECK(std::abs(n - 10'000) < 5 * std::sqrt(count / 7.0 * 6 / 7));  // binomial, 5 sd
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
  // With n = 3/4 of 2^64 the plain remainder would give the lower third twice as often as the others: 1/2 instead of 1/3.
  std::uint64_t const n = 0xc000000000000000u;
  int lower = 0;
  for (int i = 0; i < count; ++i) lower += random.below(n) < n / 3;
  CHECK(std::abs(lower - count / 3.0) < 5 * std::sqrt(count * 2.0 / 9));
}

TEST_CASE("random: a permutation has every index once and follows seed and epoch") {
  std::vector<int> a(1000), b(1000);
  berl::permutation(std::span<int>(a), Seed{1}, 0);
  berl::permutation(std::span<int>(b), Seed{1}, 0);
  CHECK(a == b);
  berl::permutation(std::span<int>(b), Seed{1}, 1);
  CHECK(a != b);
  berl::permutation(std::span<int>(b), Seed{2}, 0);
  CHECK(a != b);
  std::sort(b.begin(), b.end());
  for (int i = 0; i < 1000; ++i) CHECK(b[static_cast<std::size_t>(i)] == i);

  std::array<int, 6> orders{};  // all six orders of three, equally often
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) {
    std::array<int, 3> order{};
    berl::permutation(std::span<int>(order), Seed{4}, epoch);
    ++orders[static_cast<std::size_t>(order[0] * 2 + (order[1] > order[2]))];
  }
  for (int const n : orders) CHECK(std::abs(n - 1000) < 5 * std::sqrt(6000.0 * 5 / 36));
  berl::permutation(std::span<int>{}, Seed{1}, 0);  // nothing to do
}
