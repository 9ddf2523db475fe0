#include <berl/host/nn/winograd.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace berl::host::winograd;

namespace {
template <int N>
struct Values {
  double at[N];
};
/// Column k of the matrix that a transform is.
template <int N, int K, class Transform>
Values<K> column(Transform const& transform, int k) {
  double unit[N] = {}, result[K];
  unit[k] = 1;
  transform(unit, result);
  Values<K> values;
  for (int i = 0; i < K; ++i) values.at[i] = result[i];
  return values;
}
auto const input = [](double const (&d)[6], double (&t)[6]) { detail::input_points<double>(d, t); };
template <int K>
struct Transforms {
  static constexpr int m = outputs(K);
  static void output(double const (&z)[6], double (&y)[m]) { detail::outputs_of<double, m>(z, y); }
  static void weight(double const (&w)[K], double (&u)[6]) { detail::weight_points<double, K>(w, u); }
  static void output_adjoint(double const (&y)[m], double (&z)[6]) { detail::output_points<double, m>(y, z); }
  static void weight_adjoint(double const (&u)[6], double (&w)[K]) { detail::weights_of<double, K>(u, w); }
};

template <int K>
void check_correlation() {
  using X = Transforms<K>;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < K; ++j) {
      auto const d = column<6, 6>(input, i);
      auto const w = column<K, 6>(X::weight, j);
      double product[6], y[X::m];
      for (int p = 0; p < 6; ++p) product[p] = d.at[p] * w.at[p];
      X::output(product, y);
      for (int k = 0; k < X::m; ++k) CHECK(std::abs(y[k] - (i == k + j ? 1 : 0)) < 1e-14);  // some fifty roundings of 1e-16
    }
}
template <int K>
void check_adjoints() {
  using X = Transforms<K>;
  for (int p = 0; p < 6; ++p) {
    for (int k = 0; k < X::m; ++k)
      CHECK(column<6, X::m>(X::output, p).at[k] == doctest::Approx(column<X::m, 6>(X::output_adjoint, k).at[p]).epsilon(1e-15));
    for (int j = 0; j < K; ++j)
      CHECK(column<6, K>(X::weight_adjoint, p).at[j] == doctest::Approx(column<K, 6>(X::weight, j).at[p]).epsilon(1e-15));
  }
}
}  // namespace

TEST_CASE("along one axis: A^T ((G w) . (B^T d)) is the correlation of six inputs with the weights") {
  check_correlation<3>();
  check_correlation<5>();
}

TEST_CASE("the adjoints are the transposes") {
  check_adjoints<3>();
  check_adjoints<5>();
}

TEST_CASE("both axes: the transform of an outer product is the outer product of the transforms") {
  double const a[3] = {1, -2, 0.5}, b[3] = {3, 0.25, -1};
  double of_a[6], of_b[6], found[6][6];
  Transforms<3>::weight(a, of_a);
  Transforms<3>::weight(b, of_b);
  detail::both_axes<3, 6, double>([](auto const& from, auto& to) { detail::weight_points<double, 3>(from, to); },
                                  [&](int v, int u) { return a[v] * b[u]; }, [&](int v, int u, double value) { found[v][u] = value; });
  for (int v = 0; v < 6; ++v)
    for (int u = 0; u < 6; ++u) CHECK(found[v][u] == doctest::Approx(of_a[v] * of_b[u]).epsilon(1e-14));
}
