#include <berl/testing/gradcheck_node.hpp>

#include <berl/expr/functions.hpp>
#include <berl/expr/leaf.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace berl;

namespace {
struct WrongSlope {  // y = x^2
  template <class T>
  static T value(T x) {
    return x * x;
  }
  template <class T>
  static T slope(T x, T) {
    return T(2.01) * x;
  }
};
struct NoNumber {
  template <class T>
  static T value(T x) {
    return x;
  }
  template <class T>
  static T slope(T, T) {
    return T(std::numeric_limits<double>::quiet_NaN());
  }
};
template <class F, expr::Node A>
expr::Apply<F, A> apply(A a) {
  return {a};
}
constexpr auto x = expr::leaf<struct X, Shape<2, 3, 4>>;
}  // namespace

TEST_CASE("check_gradients compares a node with central differences, whose own error it shows") {
  CHECK(testing::check_gradients(expr::exp(x)) < 1e-8);  // h^2 / 6 is 2e-11, rounding 48 terms at 1e-16 / 1e-5
  // with a step h, the difference of e^x is sinh(h) / h times its derivative: 0.0422 too large at h = 0.5
  double const coarse = testing::check_gradients(expr::exp(x), {.step = 0.5}), most = std::sinh(0.5) / 0.5 - 1;
  CHECK(coarse <= most * std::exp(0.9));
  CHECK(coarse > most / 2);  // of 48 dy in [-1, 1] one is above a half
}

TEST_CASE("check_gradients finds a slope that is wrong, or no number") {
  CHECK(testing::check_gradients(apply<WrongSlope>(x)) > 1e-4);  // 0.01 x dy, of which some are above 0.01
  CHECK(std::isnan(testing::check_gradients(apply<NoNumber>(x))));
}
