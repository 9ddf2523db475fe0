#include <doctest/doctest.h>

#include <berl/imaging/normals.hpp>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

namespace {
template <class T, int S>
Tensor<T, Shape<3, S, S>> normals_of(Settings const& settings, Tensor<T, Shape<1, S, S>> const& depth, int threads = 1) {
  Context<Host> ctx{threads, {}};
  Tensor<T, Shape<3, S, S>> n(depth.batch());
  normals(ctx, settings, depth.read(), n.write());
  return n;
}
template <class T, int S>
Tensor<T, Shape<1, S, S>> pulled(Settings const& settings, Tensor<T, Shape<1, S, S>> const& depth, Tensor<T, Shape<3, S, S>> const& dn,
                                 int threads = 1) {
  Context<Host> ctx{threads, {}};
  Tensor<T, Shape<1, S, S>> dd(depth.batch(), T(9));
  normals_backward(ctx, settings, depth.read(), dn.read(), dd.write());
  return dd;
}
}  // namespace

TEST_CASE("normals and their gradient are those of the published code") {
  golden::File const file("render_pieces");
  auto const depth = maps::tensor<Shape<1, 64, 64>>(file.get("in/depth"));
  auto const dn = maps::planar<Shape<3, 64, 64>>(maps::doubles(golden::filled("g/normal", 3 * 64 * 64 * 3, 1)));
  CHECK(golden::deviation(maps::interleaved(normals_of(Settings{}, depth)), file.get("normal/y")) < 1e-6);  // stored in float
  CHECK(golden::deviation(maps::values(pulled(Settings{}, depth, dn)), file.get("normal/gdepth")) < 1e-6);  // likewise
}

TEST_CASE("in float normals deviate as much as the cancellation in their differences allows") {
  golden::File const file("render_pieces");
  auto const depth = maps::tensor<Shape<1, 64, 64>, float>(file.get("in/depth"));
  auto const dn = maps::planar<Shape<3, 64, 64>, float>(maps::doubles(golden::filled("g/normal", 3 * 64 * 64 * 3, 1)));
  auto const n = maps::interleaved(normals_of(Settings{}, depth));
  auto const expected = file.get("normal/y");
  double worst = 0;
  for (std::size_t i = 0; i < n.size(); ++i) worst = std::max(worst, std::abs(n[i] - expected[i]));
  CHECK(worst < 5e-5);                                                                                      // spec 1.4
  CHECK(golden::deviation(maps::values(pulled(Settings{}, depth, dn)), file.get("normal/gdepth")) < 1e-5);  // ten times the measured 8e-7
}

TEST_CASE("a flat face has normals of the published length, and unit normals without the epsilon") {
  Tensor<double, Shape<1, 64, 64>> const flat(1, 1.0);
  auto const n = normals_of(Settings{}, flat);
  CHECK(n[2 * 64 * 64 + 10 * 64 + 20] == doctest::Approx(0.996770).epsilon(1e-6));  // six digits given in A.2
  CHECK(n[2 * 64 * 64] == doctest::Approx(1 / (1 + 1e-7)).epsilon(1e-15));
  CHECK(std::abs(n[10 * 64 + 20]) < 1e-12);
  Settings unit;
  unit.normal_epsilon = 0;
  auto const depth = maps::bumps<16>(2);
  auto const m = normals_of(unit, depth);
  for (int i = 0; i < 256; ++i) {
    double const* const p = m.read().sample(1) + i;
    CHECK(p[0] * p[0] + p[256] * p[256] + p[512] * p[512] == doctest::Approx(1).epsilon(1e-14));  // roundings
  }
}

TEST_CASE("the gradient of the normals is that of central differences, with and without the epsilon") {
  for (double const epsilon : {1e-7, 1e-3, 0.0}) {
    Settings settings;
    settings.normal_epsilon = epsilon;
    auto depth = maps::bumps<9>(2);
    auto const dn = maps::noise<Shape<3, 9, 9>>("dn", 2, 1);
    auto const dd = pulled(settings, depth, dn);
    auto const loss = [&] { return maps::inner(normals_of(settings, depth).span(), dn.span()); };
    CHECK(maps::gradient_error(depth, dd, loss, 1e-6) < 1e-5);  // slopes here reach 50; the third derivative is some 1e5
    Context<Host> ctx;
    auto twice = dd;
    normals_backward(ctx, settings, depth.read(), dn.read(), twice.add());
    for (std::size_t i = 0; i < dd.size(); ++i) CHECK(twice[i] == doctest::Approx(2 * dd[i]).epsilon(1e-15));
  }
}

TEST_CASE("where the neighbours give no plane all numbers are finite") {
  for (double const epsilon : {1e-7, 0.0})
    for (double const d : {0.0, 1.0}) {
      Settings settings;
      settings.normal_epsilon = epsilon;
      Tensor<float, Shape<1, 8, 8>> depth(1, static_cast<float>(d));
      Tensor<float, Shape<3, 8, 8>> const dn(1, 1.0f);
      CHECK(maps::finite(normals_of(settings, depth)));
      auto const dd = pulled(settings, depth, dn);
      CHECK(maps::finite(dd));
      if (d == 0)
        for (float const x : dd.span()) CHECK(x == 0);
    }
}

TEST_CASE("normals have the same bits for any number of threads") {
  auto const depth = maps::bumps<16, float>(5);
  auto const dn = maps::noise<Shape<3, 16, 16>, float>("dn", 5, 1);
  auto const n = normals_of(Settings{}, depth);
  auto const d = pulled(Settings{}, depth, dn);
  for (int const threads : {2, 7, 16}) {  // 7 and 16: bands of an image
    auto const m = normals_of(Settings{}, depth, threads);
    auto const e = pulled(Settings{}, depth, dn, threads);
    CHECK(std::equal(n.span().begin(), n.span().end(), m.span().begin()));
    CHECK(std::equal(d.span().begin(), d.span().end(), e.span().begin()));
  }
}
