#include <berl/core/check.hpp>

#include <doctest/doctest.h>

#include <type_traits>

using namespace berl;

/// Relations that hold; those that do not are in tests/compile_fail.
namespace {
using Map = Shape<3, 5, 29>;
template <class A, class B>
using Both = typename check::Broadcast<A, B>::type;
}  // namespace

static_assert(std::is_same_v<Both<Map, Map>, Map>);
static_assert(std::is_same_v<Both<Map, Shape<1, 1, 1>>, Map> && std::is_same_v<Both<Shape<1, 1, 1>, Map>, Map>);
static_assert(std::is_same_v<Both<Shape<3, 1, 29>, Shape<1, 5, 1>>, Map>, "neither of the two is the result");
static_assert(std::is_same_v<typename check::Channels<Map, 3>::type, Map>);
static_assert(std::is_same_v<typename check::Channels<Shape<7>, 7>::type, Shape<7>>);

TEST_CASE("two shapes that broadcast give the same shape in either order") {
  CHECK(std::is_same_v<Both<Shape<1, 5, 1>, Shape<3, 1, 29>>, Both<Shape<3, 1, 29>, Shape<1, 5, 1>>>);
  CHECK(Both<Shape<1, 5, 1>, Shape<3, 1, 29>>::size == 3 * 5 * 29);
}
