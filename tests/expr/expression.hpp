#pragma once
#include <doctest/doctest.h>
#include <berl/core/random.hpp>
#include <berl/core/tensor.hpp>
#include <berl/expr/add.hpp>
#include <berl/expr/evaluate.hpp>
#include <berl/expr/functions.hpp>
#include <berl/expr/gradient.hpp>
#include <berl/expr/let.hpp>
#include <berl/expr/multiply.hpp>
#include <berl/expr/reduce.hpp>
#include <berl/expr/vector.hpp>
#include <berl/testing/gradcheck_node.hpp>

#include <cmath>
#include <cstring>  // memcmp
#include <limits>

/// What the tests of expressions share: leaves of all kinds on a plane of 5 x 29 = 145 pixels, a full block of lanes and a rest.
namespace expression {
using namespace berl;
using namespace berl::expr;
inline constexpr int H = 5, W = 29;
using Map = Shape<3, H, W>;
using Plane = Shape<1, H, W>;
using Value = Shape<1, 1, 1>;
inline constexpr auto albedo = leaf<struct Albedo, Map>;
inline constexpr auto normal = leaf<struct Normal, Map>;
inline constexpr auto shading = leaf<struct Shading, Plane>;
inline constexpr auto ambient = leaf<struct Ambient, Value>;
inline constexpr auto tint = leaf<struct Tint, Shape<3, 1, 1>>;
inline constexpr auto row = leaf<struct Row, Shape<1, 1, W>>;
inline constexpr auto column = leaf<struct Column, Shape<3, H, 1>>;

/// Central differences with a step of 1e-5 on values near 1: truncation 1e-10 times the third derivative, rounding 1e-11 times the
/// number of terms of the loss, here up to 435 x 2.
inline constexpr double difference_tolerance = 2e-8;

template <class T, class S>
Tensor<T, S> random(int batch, std::uint64_t stream, double lower = -1, double upper = 1) {
  Tensor<T, S> t(batch);
  Random r(Seed{9}, stream);
  for (T& v : t.span()) v = static_cast<T>(r.uniform(lower, upper));
  return t;
}
template <class T, class S>
bool same_bits(Tensor<T, S> const& a, Tensor<T, S> const& b) {
  return a.size() == b.size() && std::memcmp(a.span().data(), b.span().data(), a.size() * sizeof(T)) == 0;
}
template <class T, class U, class S>
double largest_difference(Tensor<T, S> const& a, Tensor<U, S> const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const d = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = d > worst || std::isnan(d) ? d : worst;
  }
  return worst;
}
}  // namespace expression
