#include <berl/core/random.hpp>
#include <berl/expr/add.hpp>
#include <berl/expr/multiply.hpp>
#include <berl/optim/fit.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace berl;
using namespace berl::expr;
namespace {
constexpr auto albedo = leaf<struct Albedo, Shape<3, 16, 16>>;
constexpr auto shading = leaf<struct Shading, Shape<1, 16, 16>>;
constexpr auto ambient = leaf<struct Ambient, Shape<1, 1, 1>>;
constexpr auto diffuse = leaf<struct Diffuse, Shape<1, 1, 1>>;
constexpr auto image = albedo * (ambient + diffuse * shading);
}  // namespace

TEST_CASE("the light of each picture is found again") {
  int const N = 2;
  Tensor<float, Shape<3, 16, 16>> a(N), target(N);
  Tensor<float, Shape<1, 16, 16>> s(N);
  Tensor<float, Shape<1, 1, 1>> ka(N), kd(N);
  Random random(Seed{7});
  for (float& x : a.span()) x = random.uniform<float>();
  for (float& x : s.span()) x = random.uniform<float>();
  ka[0] = 0.3f, ka[1] = 0.6f, kd[0] = 0.7f, kd[1] = 0.2f;
  Context<Host> ctx;
  evaluate(ctx, image, bind(albedo = a, shading = s, ambient = ka, diffuse = kd), target.write());
  auto const known = bind(albedo = a, shading = s);
  auto const found = fit(image, wrt(ambient, diffuse), known, target, optim::Adam{.rate = 0.05});
  for (std::size_t n = 0; n < N; ++n) {  // Adam with a constant rate comes this near in 300 steps
    CHECK(std::fabs(found[ambient][n] - ka[n]) < 1e-3f);
    CHECK(std::fabs(found[diffuse][n] - kd[n]) < 1e-3f);
  }
}
