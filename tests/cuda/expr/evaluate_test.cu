#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/expr/evaluate.hpp>

#include <type_traits>

using namespace berl;
using namespace berl::gpu;

namespace {
/// f(y) in y's place, on the host, with what was there before.
template <class C, class F>
auto evaluated(F const& f) {
  auto y = filled<typename C::T, Shape<3, C::H, C::W>>(3, "before");
  f(y);
  return y;
}
constexpr auto darker = scene::Leaves<8, 8>::colour * 0.5;
}  // namespace

TEST_CASE_TEMPLATE("teams on the host compute what the host's loops do", C, CASES) {
  using T = typename C::T;
  scene::Values<T, C::H, C::W> const values;
  auto const known = scene::bound<C::H, C::W>(values);
  auto const node = scene::image<C::H, C::W>();
  Context<Host> host;
  auto const expected = evaluated<C>([&](auto& y) { expr::evaluate(host, node, known, y.write()); });
  auto const expected_sum = evaluated<C>([&](auto& y) { expr::evaluate(host, node, known, y.add()); });
  auto written = filled<T, Shape<3, C::H, C::W>>(3, "before"), in_parts = written, added = written, added_by_five = written;
  auto const by = [&](auto team, int parts, auto to) {
    for (int n = 0; n < 3; ++n)
      for (int part = 0; part < parts; ++part) expr::detail::evaluate_sample(team, node, known, to, n, part, parts);
  };
  by(Solo{}, 1, written.write());
  CHECK(difference(written, expected) < rounding<T>);
  Crew<5>::work([&] { by(Crew<5>{}, 3, in_parts.write()); });
  CHECK(difference(in_parts, expected) < rounding<T>);
  by(Solo{}, 2, added.add());
  CHECK(difference(added, expected_sum) < rounding<T>);
  Crew<5>::work([&] { by(Crew<5>{}, 1, added_by_five.add()); });
  CHECK(difference(added_by_five, expected_sum) < rounding<T>);
}

TEST_CASE_TEMPLATE("the GPU computes what the host does, twice the same" * needs_gpu(), C, CASES) {
  using T = typename C::T;
  scene::Values<T, C::H, C::W> const values;
  auto const node = scene::image<C::H, C::W>();
  Context<Host> host;
  auto const expected = evaluated<C>([&](auto& y) { expr::evaluate(host, node, scene::bound<C::H, C::W>(values), y.write()); });
  auto ctx = test_context();
  auto const run = [&] {
    return evaluated<C>([&](auto& y) {
      scene::ValuesOnGpu<T, C::H, C::W> const given(ctx, values);
      auto to = on_gpu(ctx, y);
      expr::evaluate(ctx, node, scene::bound<C::H, C::W>(given), to.write());
      y = on_host(ctx, to);
    });
  };
  auto const once = run();
  CHECK(difference(once, expected) < rounding<T>);
  CHECK(same_bits(run(), once));
}

TEST_CASE("maps that packs cannot be read from are refused" * needs_gpu()) {
  auto ctx = test_context();
  Tensor<float, Shape<3, 8, 8>, Cuda> x(2), y(1);
  Read<float, Shape<3, 8, 8>, Cuda> const shifted(x.read().data() + 1, 1);
  CHECK_THROWS_AS(expr::evaluate(ctx, darker, bind(scene::Leaves<8, 8>::colour = shifted), y.write()), Error);
}
