#include <berl/host/product.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl::host;

TEST_CASE_TEMPLATE("a product is the sum of products, for sizes that fill no tile, and added to what is there", T, float, double) {
  double const rounding = std::is_same_v<T, double> ? 1e-14 : 2e-6;  // sums of up to 600 products, relative to their length
  struct Size {
    int rows, depth, columns;
  };
  for (Size const s : {Size{1, 1, 1}, {8, 16, 48}, {9, 257, 49}, {13, 600, 24}, {128, 40, 512}, {3, 5, 33}})
    for (bool const transposed : {false, true}) {
      auto const fill = [](char const* name, int n) {
        auto const v = golden::filled(name, static_cast<std::size_t>(n), 1);
        return std::vector<T>(v.begin(), v.end());
      };
      int const gap = 3;  // between the rows of b and c
      auto const a = fill("a", s.rows * s.depth), b = fill("b", s.depth * (s.columns + gap));
      auto c = fill("c", s.rows * (s.columns + gap));
      auto const before = c;
      Strided<T> const left{a.data(), transposed ? 1 : s.depth, transposed ? s.rows : 1};
      add_product(left, s.rows, b.data(), s.columns + gap, s.depth, s.columns, c.data(), s.columns + gap);
      std::vector<double> expected;
      for (int m = 0; m < s.rows; ++m)
        for (int n = 0; n < s.columns + gap; ++n) {
          double sum = static_cast<double>(before[static_cast<std::size_t>(m * (s.columns + gap) + n)]);
          for (int k = 0; k < s.depth && n < s.columns; ++k)
            sum += static_cast<double>(left.data[m * left.row + k * left.column]) *
                   static_cast<double>(b[static_cast<std::size_t>(k * (s.columns + gap) + n)]);
          expected.push_back(sum);
        }
      CHECK(golden::deviation(c, expected) < rounding);
    }
}

TEST_CASE("the scalar product of any length") {
  for (int const n : {0, 1, 15, 16, 17, 100}) {
    auto const a = golden::filled("a", 100, 1), b = golden::filled("b", 100, 1);
    double sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    CHECK(std::abs(static_cast<double>(dot(a.data(), b.data(), n)) - sum) < 1e-5);  // 100 roundings of values below 6
  }
}
