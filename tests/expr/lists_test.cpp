#include <berl/expr/lists.hpp>

#include "expression.hpp"

using namespace expression;
namespace {
constexpr auto lit = let<struct Lit>(shading * ambient);
constexpr auto centre = let<struct Centre>(mean(lit));
constexpr auto node = albedo * lit - centre * let<struct Squared>(ambient * ambient);
using Tree = std::remove_const_t<decltype(node)>;
using AlbedoLeaf = std::remove_const_t<decltype(albedo)>;
using NormalLeaf = std::remove_const_t<decltype(normal)>;
using ShadingLeaf = std::remove_const_t<decltype(shading)>;
using AmbientLeaf = std::remove_const_t<decltype(ambient)>;
using NamedLit = std::remove_const_t<decltype(lit)>;
using NamedCentre = std::remove_const_t<decltype(centre)>;
}  // namespace
static_assert(std::is_same_v<expr::detail::leaves_of<Tree>, Types<AlbedoLeaf, ShadingLeaf, AmbientLeaf>>);
static_assert(std::is_same_v<expr::detail::region_leaves<Tree>, Types<AlbedoLeaf, ShadingLeaf, AmbientLeaf>>);
static_assert(std::is_same_v<expr::detail::lets_of<Tree>, Types<NamedLit>>);
static_assert(expr::detail::sample_lets_of<Tree>::size == 2);
static_assert(expr::detail::contains<expr::detail::sample_lets_of<Tree>, NamedCentre>);
static_assert(uses<Tree, ShadingLeaf> && !uses<Tree, NormalLeaf>);

TEST_CASE("a node inside a tree is found by its type, with its numbers") {
  auto const one = let<struct One>(2.5 * ambient);
  auto const two = let<struct Two>(3.5 * ambient);
  auto const tree = albedo * one + stack(shading, two, 1);
  CHECK(expr::detail::inside<std::remove_const_t<decltype(one)>>(tree).a.a.value == 2.5);
  CHECK(expr::detail::inside<std::remove_const_t<decltype(two)>>(tree).a.a.value == 3.5);
}
