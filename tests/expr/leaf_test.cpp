#include "expression.hpp"

using namespace expression;

TEST_CASE("a leaf is found again by its name; a tensor is read") {
  auto a = random<float, Map>(2, 1);
  auto const k = random<float, Value>(2, 2);
  auto const views = bind(albedo = a, ambient = k.read(), shading = Skip<float, Plane, Host>{});
  static_assert(std::is_same_v<decltype(views[albedo]), Read<float, Map, Host>>);
  static_assert(skips<decltype(views[shading])>);
  CHECK(views[albedo].data() == a.read().data());
  CHECK(views[ambient].batch() == 2);
  static_assert(decltype(views)::has<std::remove_cvref_t<decltype(albedo)>>);
  static_assert(!decltype(views)::has<std::remove_cvref_t<decltype(normal)>>);
}
