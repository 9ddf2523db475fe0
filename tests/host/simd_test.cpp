#include <doctest/doctest.h>

#include <berl/host/simd.hpp>

#include <type_traits>

using namespace berl::host;

static_assert(lanes_of<float> == 2 * lanes_of<double> && sizeof(Vector<float>) == vector_bytes);

TEST_CASE("vectors are loaded and stored from anywhere, and no more than a vector") {
  constexpr int n = lanes_of<float>;
  float from[n + 1], to[n + 2] = {};
  for (int i = 0; i <= n; ++i) from[i] = static_cast<float>(i);
  Vector<float> v;
  load<float>(v, from + 1);  // not aligned
  store<float>(to + 1, v + v);
  for (int i = 0; i < n; ++i) CHECK(to[1 + i] == 2.f * static_cast<float>(i + 1));
  CHECK(to[0] == 0.f);
  CHECK(to[n + 1] == 0.f);
}

TEST_CASE_TEMPLATE("a product is added with one rounding where the machine can, and with two elsewhere", T, float, double) {
  T const e = std::is_same_v<T, float> ? T(0x1p-13) : T(0x1p-30);  // e^2 is lost beside 1, and kept beside 2 e
#if defined(__FMA__)
  T const expected = 2 * e + e * e;
#else
  T const expected = 2 * e;
#endif
  Vector<T> sum, a;
  for (int l = 0; l < lanes_of<T>; ++l) sum[l] = T(-1), a[l] = 1 + e;
  add_fused<T>(sum, a, a);
  for (int l = 0; l < lanes_of<T>; ++l) {
    T const element = sum[l];
    CHECK(element == expected);
  }
}

TEST_CASE_TEMPLATE("the lanes of a vector are summed, each once", T, float, double) {
  Vector<T> v;
  T expected = 0;
  for (int l = 0; l < lanes_of<T>; ++l) v[l] = static_cast<T>(1 << l), expected += static_cast<T>(1 << l);
  CHECK(sum_of<T>(v) == expected);
}

TEST_CASE_TEMPLATE("rows and columns of a square of vectors change places", T, float, double) {
  constexpr int n = lanes_of<T>;
  Vector<T> rows[n];
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) rows[i][j] = static_cast<T>(n * i + j);
  transpose<T>(rows);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      T const element = rows[i][j];  // an element of a vector is no lvalue that a reference could bind to
      CHECK(element == static_cast<T>(n * j + i));
    }
}
