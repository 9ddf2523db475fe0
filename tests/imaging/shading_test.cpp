#include <berl/imaging/normals.hpp>
#include <berl/imaging/shading.hpp>
#include <berl/testing/gradcheck_node.hpp>

#include <doctest/doctest.h>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;
namespace {
constexpr int S = 64;
using Image = Shape<3, S, S>;
using Light = Shape<4, 1, 1>;

/// The fixture's depth as normals, shaded, and pulled back to albedo and light.
template <class T>
void compare(double values, double gradients, int threads) {
  golden::File const file("render_pieces");
  auto const depth = maps::tensor<Shape<1, S, S>, T>(file.get("in/depth"));
  auto const albedo = maps::tensor<Image, T>(file.get("in/albedo"));
  auto const light = maps::tensor<Light, T>(file.get("in/light"));
  auto const d_image = maps::tensor<Image, T>(maps::doubles(golden::filled("g/canon_im", 3 * Image::size, 1)));
  int const N = depth.batch();
  Tensor<T, Image> normal(N), image(N), d_albedo(N, T(std::nan(""))), d_normal(N, T(std::nan("")));
  Tensor<T, Shape<1, S, S>> s(N);
  Tensor<T, Light> d_light(N, T(2));
  Context<Host> ctx;
  ctx.threads = threads;
  ctx.scratch = Arena(MiB);
  normals(ctx, Settings{}, depth.read(), normal.write());
  shade(ctx, Settings{}, normal.read(), light.read(), s.write());
  canonical_image(ctx, Settings{}, albedo.read(), normal.read(), light.read(), image.write());
  CHECK(maps::deviation(maps::values(s), file, "shade/diffuse") < values);
  CHECK(maps::deviation(maps::values(image), file, "shade/canon_im") < values);
  canonical_image_backward(ctx, Settings{}, albedo.read(), normal.read(), light.read(), d_image.read(), d_albedo.write(), d_normal.write(),
                           d_light.add());
  for (T& d : d_light.span()) d -= T(2);
  CHECK(maps::deviation(maps::values(d_albedo), file, "shade/galbedo") < gradients);
  CHECK(maps::deviation(maps::values(d_light), file, "shade/glight") < gradients);
  Tensor<T, Shape<1, S, S>> d_depth(N);
  normals_backward(ctx, Settings{}, depth.read(), d_normal.read(), d_depth.write());
  CHECK(maps::deviation(maps::values(d_depth), file, "shade/gdepth") < values);
}
}  // namespace

TEST_CASE("shading and canonical image of the reference") {
  // double: the fixture keeps maps in float, 6e-8 each, and gradients of albedo and light in double;
  // float: ten times what PyTorch's own float run deviates, at least 1e-6
  compare<double>(1e-7, 1e-11, 1);
  compare<float>(1.1e-5, 2e-6, 2);
}
TEST_CASE("Eq. 1 at the point that the specification works out") {
  // appendix A.1: normal and albedo at pixel (3, 3) of the 8 x 8 case, given to seven digits
  constexpr int P = 5;
  Tensor<double, Shape<3, P, P>> albedo(1), normal(1), image(1);
  Tensor<double, Shape<4, 1, 1>> light(1);
  Tensor<double, Shape<1, P, P>> s(1);
  double const q[] = {0.2, -0.1, 0.3, -0.4}, n[] = {0.2394292, 0.1650761, 0.9567388};
  for (std::size_t c = 0; c < 4; ++c) light[c] = q[c];
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t p = 0; p < P * P; ++p) {
      normal[c * P * P + p] = n[c];
      albedo[c * P * P + p] = 0.5 * std::sin(0.3 * 3 + 0.5 * 3 + static_cast<double>(c));
    }
  Context<Host> ctx;
  shade(ctx, Settings{}, normal.read(), light.read(), s.write());
  canonical_image(ctx, Settings{}, albedo.read(), normal.read(), light.read(), image.write());
  CHECK(s[7] == doctest::Approx(0.8609194).epsilon(2e-7));
  double const expected[] = {0.3208945, -0.1387487, -0.4823988};
  for (std::size_t c = 0; c < 3; ++c) CHECK(std::abs(image[c * P * P + 7] - expected[c]) < 2e-7);
}
TEST_CASE("gradients of the canonical image, also with other ranges") {
  Settings settings;
  CHECK(testing::check_gradients(eq1::canonical_image<8>(settings)) < 2e-8);  // central differences; see tests/expr
  settings.ambient_min = 0.1;
  settings.diffuse_max = 0.8;
  CHECK(testing::check_gradients(eq1::canonical_image<8>(settings)) < 2e-8);
}
TEST_CASE("light from behind: no shading; light along the surface: the gradient passes") {
  constexpr int P = 5;
  Tensor<double, Shape<3, P, P>> const albedo(1, 0.2);
  Tensor<double, Shape<3, P, P>> normal(1), image(1), d_image(1, 1.0), d_normal(1);
  Tensor<double, Shape<4, 1, 1>> const light(1);  // l = (0, 0, 1)
  for (std::size_t p = 0; p < P * P; ++p) normal[2 * P * P + p] = p == 0 ? -1 : p == 1 ? 0 : 1;
  Context<Host> ctx;
  canonical_image(ctx, Settings{}, albedo.read(), normal.read(), light.read(), image.write());
  canonical_image_backward(ctx, Settings{}, albedo.read(), normal.read(), light.read(), d_image.read(),
                           Skip<double, Shape<3, P, P>, Host>{}, d_normal.write(), Skip<double, Shape<4, 1, 1>, Host>{});
  CHECK(image[0] == doctest::Approx(2 * 0.6 * 0.5 - 1));  // ambient alone
  CHECK(image[2] == doctest::Approx(2 * 0.6 * (0.5 + 0.5) - 1));
  CHECK(d_normal[2 * P * P] == 0);
  CHECK(d_normal[2 * P * P + 1] == doctest::Approx(3 * 2 * 0.6 * 0.5));  // <n, l> = 0: as in clamp(min = 0)
  CHECK(d_normal[2 * P * P + 2] == doctest::Approx(3 * 2 * 0.6 * 0.5));
}
