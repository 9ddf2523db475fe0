#include <berl/expr/check.hpp>

#include <type_traits>

#include "expression.hpp"

using namespace expression;

/// Relations that hold, at their limits; those that do not are in tests/compile_fail/expr.
static_assert(check::BoundShape<Map, Map>::ok && check::BoundShape<Value, Shape<1, 1, 1>>::ok);
static_assert(check::ResultShape<Plane, Plane>::ok);
static_assert(check::IsBound<Map, true>::ok && check::HasGradient<Map, true>::ok && check::IsUsed<Map, true>::ok);
static_assert(check::EqualChannels<1, 1>::ok && check::EqualChannels<3, 3>::ok);
static_assert(check::ThreeChannels<3>::ok && check::OneChannel<1>::ok);
static_assert(check::ChannelExists<0, 1>::ok && check::ChannelExists<0, 3>::ok && check::ChannelExists<2, 3>::ok, "first and last");

/// Named is asserted for what has no name alone: a let of a reduction never meets it.
static_assert(std::is_same_v<shape_of<decltype(albedo * let<struct Mean>(mean(shading)))>, Map>);

TEST_CASE("what the sentences allow compiles, and gives the value") {
  Context<Host> ctx;
  Tensor<double, Map> a(1);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i);
  Tensor<double, Plane> s(1, 0.25), last(1);
  evaluate(ctx, channel<2>(albedo), bind(albedo = a), last.write());
  CHECK(last[0] == 2 * H * W);
  Tensor<double, Value> total(1);
  evaluate(ctx, sum(let<struct Named>(mean(shading)) * shading), bind(shading = s), total.write());
  CHECK(total[0] == 0.0625 * H * W);  // powers of two: exact in any order
}
