#include <berl/core/shape.hpp>
#include <berl/nn/structure.hpp>

#include <doctest/doctest.h>

#include <string_view>

using namespace berl;
using namespace berl::nn;

namespace {
/// Layers that are shapes alone.
template <int C>
struct To : Layer {
  template <class In>
  using output = Shape<C, height<In>, width<In>>;
};
struct Halve : Layer {
  template <class In>
  using output = Shape<channels<In>, height<In> / 2, width<In> / 2>;
};
struct Second : Layer {
  template <class In>
  using output = In;
};
struct First : Second {
  static constexpr bool in_place = true;
  template <class B>
    requires std::is_same_v<B, Second>
  using joined = To<5>;
};
struct Body : Sequential<To<8>, Halve> {};
struct Block : Residual<Body, Named<"shortcut", Body>> {};
struct Net : Sequential<To<4>, Named<"block", Block>, Repeat<3, Second>> {};
using In = Shape<3, 8, 8>;

static_assert(std::is_same_v<OutputOf<Net, In>, Shape<8, 4, 4>>);
static_assert(std::is_same_v<HiddenOf<Net, In, 0>, In> && std::is_same_v<HiddenOf<Net, In, 1>, Shape<4, 8, 8>>);
static_assert(std::is_same_v<OutputOf<Identity, In>, In>);
static_assert(IsSequential<Net> && IsRepeat<Repeat<3, Second>> && IsResidual<Block> && IsNamed<Named<"block", Block>>);
static_assert(!IsNamed<Net> && !IsSequential<Block> && !IsRepeat<Net>);
static_assert(std::is_same_v<Unnamed<Named<"a", Named<"b", Second>>>, Second>);

// neighbours that run as one
struct Pairs : Sequential<First, Second, Second, Named<"first", First>, Named<"second", Second>, First> {};
static_assert(Joins<First, Second> && !Joins<Second, First> && !Joins<First, First>);
static_assert(together<Pairs, 0> == 2 && together<Pairs, 2> == 1 && together<Pairs, 3> == 2 && together<Pairs, 5> == 1);
static_assert(begins<Pairs, 0> && !begins<Pairs, 1> && begins<Pairs, 2> && begins<Pairs, 3> && !begins<Pairs, 4> && begins<Pairs, 5>);
static_assert(std::is_same_v<UnitOf<Pairs, 0>, To<5>> && std::is_same_v<UnitOf<Pairs, 2>, Second>);
static_assert(after<Pairs, 0> == 2 && after<Pairs, 2> == 3);
static_assert(in_place<First> && in_place<Named<"first", First>> && !in_place<Second> && !in_place<Net>);
}  // namespace

TEST_CASE("structure: a text may be a template argument") {
  CHECK(std::string_view(Name("conv1").text) == "conv1");
  CHECK(List<First, Second>::size == 2);
}
