#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/expr/gradient.hpp>

#include <type_traits>

using namespace berl;
using namespace berl::gpu;

namespace {
/// Gradients with what was there before, each stored in the way that its place in a list of ways says.
template <class C>
struct Gradients {
  using T = typename C::T;
  template <int K, int H, int W>
  using Map = Tensor<T, Shape<K, H, W>>;
  Map<3, C::H, C::W> colour = filled<T, Shape<3, C::H, C::W>>(3, "d colour");
  Map<1, C::H, C::W> depth = filled<T, Shape<1, C::H, C::W>>(3, "d depth");
  Map<1, 1, C::W> row = filled<T, Shape<1, 1, C::W>>(3, "d row");
  Map<3, C::H, 1> column = filled<T, Shape<3, C::H, 1>>(3, "d column");
  Map<3, 1, 1> light = filled<T, Shape<3, 1, 1>>(3, "d light");
};
/// All gradients, some written and some added to; and one of them skipped.
template <class C, class G>
auto places(G& g) {
  using L = scene::Leaves<C::H, C::W>;
  return bind(L::colour = g.colour.add(), L::depth = g.depth.write(), L::row = g.row.add(), L::column = g.column.write(),
              L::light = g.light.add());
}
template <class C, class G>
auto other_places(G& g) {
  using L = scene::Leaves<C::H, C::W>;
  return bind(L::colour = g.colour.write(), L::depth = g.depth.add(), L::row = g.row.write(), L::light = g.light.write());
}
template <class C>
void check_close(Gradients<C> const& a, Gradients<C> const& b) {
  using T = typename C::T;
  CHECK(difference(a.colour, b.colour) < rounding<T>);
  CHECK(difference(a.depth, b.depth) < rounding<T>);
  CHECK(difference(a.row, b.row) < rounding<T>);
  CHECK(difference(a.column, b.column) < rounding<T>);
  CHECK(difference(a.light, b.light) < rounding<T>);
}
template <class C>
constexpr auto all() {
  using L = scene::Leaves<C::H, C::W>;
  return expr::wrt(L::colour, L::depth, L::row, L::column, L::light);
}
template <class C>
constexpr auto some() {
  using L = scene::Leaves<C::H, C::W>;
  return expr::wrt(L::colour, L::depth, L::row, L::light);
}
}  // namespace

TEST_CASE_TEMPLATE("teams on the host find the host's gradients", C, CASES) {
  using T = typename C::T;
  scene::Values<T, C::H, C::W> const values;
  auto const known = scene::bound<C::H, C::W>(values);
  auto const node = scene::image<C::H, C::W>();
  auto const dy = filled<T, Shape<3, C::H, C::W>>(3, "dy");
  Context<Host> host;
  Gradients<C> expected, expected_other;
  expr::gradient(host, node, all<C>(), known, dy.read(), places<C>(expected));
  expr::gradient(host, node, some<C>(), known, dy.read(), other_places<C>(expected_other));
  auto const check = [&](auto work) {
    Gradients<C> found, found_other;
    work([&](auto team) {
      for (int n = 0; n < 3; ++n) {
        expr::detail::gradient_sample<decltype(all<C>())>(team, node, known, dy.read(), places<C>(found), n);
        expr::detail::gradient_sample<decltype(some<C>())>(team, node, known, dy.read(), other_places<C>(found_other), n);
      }
    });
    check_close(found, expected);
    check_close(found_other, expected_other);
  };
  check([](auto const& body) { body(Solo{}); });
  check([](auto const& body) { Crew<5>::work([&] { body(Crew<5>{}); }); });
}

TEST_CASE_TEMPLATE("the GPU finds the host's gradients, twice the same" * needs_gpu(), C, CASES) {
  using T = typename C::T;
  scene::Values<T, C::H, C::W> const values;
  auto const node = scene::image<C::H, C::W>();
  auto const dy = filled<T, Shape<3, C::H, C::W>>(3, "dy");
  Context<Host> host;
  Gradients<C> expected;
  expr::gradient(host, node, all<C>(), scene::bound<C::H, C::W>(values), dy.read(), places<C>(expected));
  auto ctx = test_context();
  auto const run = [&] {
    using L = scene::Leaves<C::H, C::W>;
    scene::ValuesOnGpu<T, C::H, C::W> const given(ctx, values);
    Gradients<C> before;
    auto d_colour = on_gpu(ctx, before.colour);
    auto d_depth = on_gpu(ctx, before.depth);
    auto d_row = on_gpu(ctx, before.row);
    auto d_column = on_gpu(ctx, before.column);
    auto d_light = on_gpu(ctx, before.light);
    auto const there = on_gpu(ctx, dy);
    expr::gradient(ctx, node, all<C>(), scene::bound<C::H, C::W>(given), there.read(),
                   bind(L::colour = d_colour.add(), L::depth = d_depth.write(), L::row = d_row.add(), L::column = d_column.write(),
                        L::light = d_light.add()));
    return Gradients<C>{on_host(ctx, d_colour), on_host(ctx, d_depth), on_host(ctx, d_row), on_host(ctx, d_column), on_host(ctx, d_light)};
  };
  auto const once = run(), again = run();
  check_close(once, expected);
  CHECK(same_bits(again.colour, once.colour));
  CHECK(same_bits(again.light, once.light));
  CHECK(same_bits(again.row, once.row));
}
