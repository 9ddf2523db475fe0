#include <berl/host/nn/winograd.hpp>

#include <doctest/doctest.h>

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
auto const output = [](double const (&m)[6], double (&y)[4]) { detail::outputs_of<double>(m, y); };
auto const weight = [](double const (&w)[3], double (&u)[6]) { detail::weight_points<double>(w, u); };
auto const output_adjoint = [](double const (&y)[4], double (&z)[6]) { detail::output_points<double>(y, z); };
auto const weight_adjoint = [](double const (&u)[6], double (&w)[3]) { detail::weights_of<double>(u, w); };
}  // namespace

TEST_CASE("along one axis: A^T ((G w) . (B^T d)) is the correlation of six inputs with three weights") {
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 3; ++j) {
      auto const d = column<6, 6>(input, i), w = column<3, 6>(weight, j);
      double product[6], y[4];
      for (int p = 0; p < 6; ++p) product[p] = d.at[p] * w.at[p];
      output(product, y);
      for (int k = 0; k < 4; ++k) CHECK(y[k] == doctest::Approx(i == k + j ? 1 : 0).epsilon(1e-14));  // a dozen roundings of 1e-16
    }
}

TEST_CASE("the adjoints are the transposes") {
  for (int p = 0; p < 6; ++p) {
    for (int k = 0; k < 4; ++k)
      CHECK(column<6, 4>(output, p).at[k] == doctest::Approx(column<4, 6>(output_adjoint, k).at[p]).epsilon(1e-15));
    for (int j = 0; j < 3; ++j)
      CHECK(column<6, 3>(weight_adjoint, p).at[j] == doctest::Approx(column<3, 6>(weight, j).at[p]).epsilon(1e-15));
  }
}

TEST_CASE("both axes: the transform of an outer product is the outer product of the transforms") {
  double const a[3] = {1, -2, 0.5}, b[3] = {3, 0.25, -1};
  double of_a[6], of_b[6], found[6][6];
  weight(a, of_a);
  weight(b, of_b);
  detail::both_axes<3, 6, double>([](auto const& from, auto& to) { detail::weight_points<double>(from, to); },
                                  [&](int v, int u) { return a[v] * b[u]; }, [&](int v, int u, double value) { found[v][u] = value; });
  for (int v = 0; v < 6; ++v)
    for (int u = 0; u < 6; ++u) CHECK(found[v][u] == doctest::Approx(of_a[v] * of_b[u]).epsilon(1e-14));
}
