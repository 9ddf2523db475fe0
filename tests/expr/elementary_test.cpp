#include <doctest/doctest.h>
#include <berl/expr/elementary.hpp>

#include <bit>  // bit_cast
#include <cmath>
#include <cstdint>
#include <limits>

namespace elementary = berl::expr::elementary;
namespace {
constexpr float infinity = std::numeric_limits<float>::infinity(), not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The largest error in units of the last place of the exact result, over every 997th float between two bounds of one sign.
template <class F, class Exact>
double worst_ulp(F f, Exact exact, float from, float to) {
  auto const first = std::bit_cast<std::uint32_t>(from), last = std::bit_cast<std::uint32_t>(to);
  double worst = 0;
  for (std::uint32_t bits = first; bits <= last; bits += 997) {
    float const x = std::bit_cast<float>(bits);
    double const y = exact(static_cast<double>(x));
    float const rounded = static_cast<float>(y);
    double const unit = static_cast<double>(std::nextafter(std::fabs(rounded), infinity)) - static_cast<double>(std::fabs(rounded));
    double const error = std::fabs(static_cast<double>(f(x)) - y) / unit;
    worst = error > worst || std::isnan(error) ? error : worst;
  }
  return worst;
}
}  // namespace

TEST_CASE("float functions stay within the units of the last place that the header states") {
  auto const e = [](float x) { return elementary::exp(x); };
  auto const exact_e = [](double x) { return std::exp(x); };
  CHECK(worst_ulp(e, exact_e, 1e-30f, 88.7f) < 2);
  CHECK(worst_ulp(e, exact_e, -1e-30f, -103.f) < 2);
  auto const l = [](float x) { return elementary::log(x); };
  CHECK(worst_ulp(
            l, [](double x) { return std::log(x); }, 1e-44f, 3e38f) < 2);
  auto const t = [](float x) { return elementary::tanh(x); };
  auto const exact_t = [](double x) { return std::tanh(x); };
  CHECK(worst_ulp(t, exact_t, 1e-30f, 100.f) < 4);
  CHECK(worst_ulp(t, exact_t, -1e-30f, -100.f) < 4);
  CHECK(worst_ulp([](float x) { return elementary::sqrt(x); }, [](double x) { return std::sqrt(x); }, 1e-44f, 3e38f) < 1);
  auto const s = [](float x) { return elementary::softplus(x); };
  auto const exact_s = [](double x) { return x > 20 ? x : std::log1p(std::exp(x)); };
  CHECK(worst_ulp(s, exact_s, 1e-30f, 100.f) < 5);
  CHECK(worst_ulp(s, exact_s, -1e-30f, -100.f) < 5);
}
TEST_CASE("limits come out as from the standard library") {
  CHECK(elementary::exp(0.f) == 1);
  CHECK(elementary::exp(infinity) == infinity);
  CHECK(elementary::exp(-infinity) == 0);
  CHECK(elementary::exp(100.f) == infinity);
  CHECK(std::isnan(elementary::exp(not_a_number)));
  CHECK(elementary::log(1.f) == 0);
  CHECK(elementary::log(0.f) == -infinity);
  CHECK(elementary::log(infinity) == infinity);
  CHECK(std::isnan(elementary::log(-1.f)));
  CHECK(std::isnan(elementary::log(not_a_number)));
  CHECK(elementary::tanh(0.f) == 0);
  CHECK(elementary::tanh(infinity) == 1);
  CHECK(elementary::tanh(-infinity) == -1);
  CHECK(std::isnan(elementary::tanh(not_a_number)));
  CHECK(elementary::sqrt(0.f) == 0);
  CHECK(elementary::sqrt(infinity) == infinity);
  CHECK(elementary::sqrt(49.f) == 7);
  CHECK(std::isnan(elementary::sqrt(-1.f)));
  CHECK(std::isnan(elementary::sqrt(not_a_number)));
  CHECK(elementary::softplus(25.f) == 25);
  CHECK(elementary::softplus(-infinity) == 0);
  CHECK(std::isnan(elementary::softplus(not_a_number)));
  CHECK(elementary::sigmoid(0.f) == 0.5f);
  CHECK(elementary::sigmoid(-100.0) == 1 / (1 + std::exp(100.0)));
}
TEST_CASE("select is the operator with another machine code") {
  CHECK(elementary::select(true, 2.f, 3.f) == 2);
  CHECK(elementary::select(false, 2.0, 3.0) == 3);
  CHECK(std::isnan(elementary::select(false, 2.f, not_a_number)));
}
