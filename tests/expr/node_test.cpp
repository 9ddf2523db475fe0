#include <berl/expr/node.hpp>

#include <array>

#include "expression.hpp"

using namespace expression;
namespace {
using AlbedoLeaf = std::remove_const_t<decltype(albedo)>;
using ShadingLeaf = std::remove_const_t<decltype(shading)>;
using NormalLeaf = std::remove_const_t<decltype(normal)>;
using Product = decltype(albedo * shading);
using Traits = expr::detail::shape_traits<Map>;

/// A node holds nothing that needs a destructor.
struct WithDestructor {
  using shape = Map;
  using operands = Types<>;
  ~WithDestructor() {}
};
/// What Constant is told of the element: its type.
template <class T>
struct TypeOnly {
  using value_type = T;
};
struct Sink {
  int calls = 0;
  template <class>
  void add(double) {
    ++calls;
  }
};
}  // namespace

static_assert(Node<AlbedoLeaf> && Node<Product> && Node<Constant<Value>>);
static_assert(!Node<double> && !Node<Map> && !Node<WithDestructor>);
static_assert(Number<int> && Number<float> && !Number<AlbedoLeaf> && Term<AlbedoLeaf> && Term<double> && !Term<Map>);
static_assert(Pair<AlbedoLeaf, int> && Pair<double, AlbedoLeaf> && Pair<AlbedoLeaf, Product> && !Pair<int, double>);
static_assert(std::is_same_v<first_node<double, AlbedoLeaf>, AlbedoLeaf> && std::is_same_v<first_node<Product, AlbedoLeaf>, Product>);

static_assert(Types<>::size == 0 && Types<int, int, char>::size == 3);
static_assert(uses<Product, AlbedoLeaf> && uses<Product, ShadingLeaf> && uses<Product, Product> && !uses<Product, NormalLeaf>);
static_assert(uses<decltype(2 * (normal + albedo * shading)), Product> && !uses<Constant<Value>, AlbedoLeaf>);

static_assert(std::is_same_v<Traits::one, Value> && std::is_same_v<Traits::pixel, Shape<3, 1, 1>>);
static_assert(std::is_same_v<Traits::single_channel, Plane> && std::is_same_v<Traits::with_channels<7>, Shape<7, H, W>>);
static_assert(std::is_same_v<expr::detail::shape_traits<Shape<4>>::one, Shape<1>>, "a vector has no pixels");

static_assert(std::is_same_v<node_like<AlbedoLeaf, AlbedoLeaf>, AlbedoLeaf> && std::is_same_v<node_like<AlbedoLeaf, int>, Constant<Value>>);
static_assert(as_node<AlbedoLeaf>(3).value == 3.0 && as_node<AlbedoLeaf>(0.1).value == 0.1, "kept in double");

TEST_CASE("an element keeps those that it was made of, in order") {
  auto const a = traced(2.f), b = traced(3.f);
  auto const product = traced(6.f, a, b);
  auto const three = traced(1.0, product, a, traced(7));
  CHECK(product.y == 6.f);
  CHECK(product.a.y == 2.f);
  CHECK(product.b.y == 3.f);
  CHECK(three.a.b.y == 3.f);
  CHECK(three.b.y == 2.f);
  CHECK(three.c.y == 7);
  static_assert(sizeof(product) == 3 * sizeof(float), "registers, no more");
}

TEST_CASE("a constant is rounded to the element's type, and hands no gradient on") {
  auto const tenth = Constant<Value>{0.1};
  CHECK(tenth.trace(TypeOnly<float>{}).y == 0.1f);
  CHECK(tenth.trace(TypeOnly<double>{}).y == 0.1);
  static_assert(std::is_same_v<decltype(tenth.trace(TypeOnly<float>{}).y), float>);
  Sink sink;
  tenth.pull(traced(0.1), 1.0, sink);
  CHECK(sink.calls == 0);
  albedo.pull(traced(0.1), 1.0, sink);  // as a leaf does
  CHECK(sink.calls == 1);
}

TEST_CASE("channels are counted from 0, in order") {
  std::array<int, 4> seen{};
  int calls = 0;
  expr::detail::for_channels<4>([&](int c) { seen[static_cast<std::size_t>(calls++)] = c; });
  CHECK(calls == 4);
  CHECK(seen == std::array{0, 1, 2, 3});
}
