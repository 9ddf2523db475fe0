#include <berl/eval/similarity.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using namespace berl::eval;

TEST_CASE("similarities are scalar products, for any number of threads") {
  constexpr std::size_t r = 11, n = 431, size = 300;  // more than one panel deep, several blocks wide
  auto const rows = golden::filled("rows", r * size, 1), others = golden::filled("others", n * size, 1);
  auto const columns = transposed(std::span<float const>(others), size);
  std::vector<float> scores(r * n, 5.f), threaded(r * n);  // what was there is overwritten
  similarities<float>({}, rows, size, columns, scores);
  similarities<float>({.threads = 4, .scratch = {}}, rows, size, columns, threaded);
  CHECK(scores == threaded);
  std::vector<double> expected;
  for (std::size_t i = 0; i < r; ++i)
    for (std::size_t k = 0; k < n; ++k) {
      double sum = 0;
      for (std::size_t d = 0; d < size; ++d) sum += double{rows[i * size + d]} * double{others[k * size + d]};
      expected.push_back(sum);
    }
  CHECK(golden::deviation(scores, expected) < 1e-6);  // 300 float products: their roundings of 6e-8 add up as a random walk
}

TEST_CASE("the largest are those of a sorted list, in any order of coming") {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back((i * 379) % 250);  // each value four times
  for (std::size_t const k : {0u, 1u, 2u, 7u, 500u, 1000u, 2000u}) {
    Largest<double> forward(k), backward(k);
    for (std::size_t i = 0; i < values.size(); ++i) forward.add(values[i]), backward.add(values[values.size() - 1 - i]);
    auto expected = values;
    std::sort(expected.begin(), expected.end(), std::greater<>{});
    expected.resize(std::min(k, expected.size()));
    CHECK(forward.sorted() == expected);
    CHECK(backward.sorted() == expected);
  }
  Largest<double> two(2);
  for (double const v : {5.0, 3.0, 4.0, 4.0, 1.0}) two.add(v);
  CHECK_FALSE(two.wants(4.0));
  CHECK(two.wants(4.5));
}
