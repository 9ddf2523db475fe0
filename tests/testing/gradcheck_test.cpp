#include <berl/testing/gradcheck.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace berl;

namespace {
enum class Fault { none, wrong_dx, wrong_weight, overwrites, leaves_out, not_a_number, ignores_add };

/// y = weight x, with a fault in its backward.
template <Fault fault>
struct Scale : nn::Layer {
  template <class In>
  using output = In;
  template <class T, class D>
  struct Params {
    Param<T, Shape<1>, D> weight;
    constexpr void visit(auto&& f, auto const& path) { f(path / "weight", weight); }
  };
  template <class Mode, class T, class In, class Y>
  static void forward(Context<Host>&, Params<T, Host>& p, Read<T, In, Host> x, Y y, auto) {
    for (std::size_t i = 0; i < x.size(); ++i) put<Y>(y.data()[i], p.weight.value()[0] * x.data()[i]);
  }
  template <class Mode, class T, class In, class DX>
  static void backward(Context<Host>&, Params<T, Host>& p, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, Pass<T>) {
    T sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      T const d = p.weight.value()[0] * dy.data()[i] * (fault == Fault::wrong_dx ? T(1.001) : T(1));
      sum += x.data()[i] * dy.data()[i];
      if (fault == Fault::leaves_out && i == 5) continue;
      if (fault == Fault::ignores_add)
        dx.data()[i] = d;
      else
        put<DX>(dx.data()[i], fault == Fault::not_a_number ? std::numeric_limits<T>::quiet_NaN() : d);
    }
    if (fault == Fault::wrong_weight) sum *= T(1.001);
    T& gradient = p.weight.gradient()[0];
    gradient = fault == Fault::overwrites ? sum : gradient + sum;
  }
};
using In = Shape<3, 2, 2>;
template <Fault fault>
testing::GradientCheck checked() {
  return testing::check_gradients<Scale<fault>, Training, In>();
}
}  // namespace

TEST_CASE("check_gradients finds nothing in a layer that is right, and compares all of it") {
  auto const found = checked<Fault::none>();
  CHECK(found.worst < 1e-9);  // linear: only rounding, 1e-16 / 1e-5 of sums of 24 products
  CHECK(found.compared == 2 * In::size + 1);
  CHECK(found.finite);
  CHECK(found.accumulates);
}

TEST_CASE("check_gradients finds each fault") {
  CHECK(checked<Fault::wrong_dx>().worst > 1e-5);  // a thousandth of products of up to 0.9, of which some are above 0.1
  CHECK(checked<Fault::wrong_weight>().worst > 1e-5);
  CHECK_FALSE(checked<Fault::leaves_out>().finite);
  CHECK_FALSE(checked<Fault::not_a_number>().finite);
  CHECK(std::isinf(checked<Fault::not_a_number>().worst));
  CHECK_FALSE(checked<Fault::overwrites>().accumulates);
  CHECK_FALSE(checked<Fault::ignores_add>().accumulates);
}
