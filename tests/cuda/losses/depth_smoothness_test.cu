#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/losses/depth_smoothness.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
constexpr int S = 33, batch = 3;
using Map = Shape<1, S, S>;
Tensor<float, Map> given() { return filled<float, Map>(batch, "depth", 0.9, 1.1); }

struct Found {
  double loss = 0;
  Tensor<float, Map> d = filled<float, Map>(batch, "d", 0, 1e-4);
};
Found by_the_host() {
  Found f;
  auto const depth = given();
  Context<Host> ctx{1, Arena(losses::DepthSmoothness::scratch(batch))};
  losses::depth_smoothness(ctx, {}, depth.read(), Write<double, Shape<1>, Host>(&f.loss, 1));
  losses::depth_smoothness_backward(ctx, {}, depth.read(), 0.7f, f.d.add());
  return f;
}
}  // namespace

TEST_CASE("a team finds the host's roughness, and each pixel its gradient") {
  auto const expected = by_the_host();
  auto const depth = given();
  auto const check = [&](auto by) {
    double sums[batch], loss = 0;
    by([&](auto team) {
      for (int n = 0; n < batch; ++n) {
        double const sum = losses::detail::roughness_of<S>(team, depth.read().sample(n));
        if (decltype(team)::rank() == 0) sums[n] = sum;
      }
      decltype(team)::sync();
      double const sum = losses::detail::sum_of_samples(team, sums, batch);
      if (decltype(team)::rank() == 0) loss = sum / losses::detail::pairs<S>({}, batch);
    });
    CHECK(loss == doctest::Approx(expected.loss).epsilon(1e-6));  // the host adds rows in float
  };
  check([](auto const& body) { body(Solo{}); });
  check([](auto const& body) { Crew<5>::work([&] { body(Crew<5>{}); }); });
  Found found;
  losses::detail::RoughnessPull<S, float, Add<float, Map, Cuda>> const pull{
      as_gpu(depth.read()), static_cast<float>(static_cast<double>(0.7f) / losses::detail::pairs<S>({}, batch)), as_gpu(found.d.add())};
  for (int i = 0; i < batch * S * S; ++i) pull(i / (S * S), i / S % S, i % S);
  CHECK(same_bits(found.d, expected.d));
}

TEST_CASE("roughness on the GPU is the host's" * needs_gpu()) {
  auto const expected = by_the_host();
  auto ctx = test_context();
  auto const depth = on_gpu(ctx, given());
  auto d = on_gpu(ctx, Found{}.d);
  Tensor<double, Shape<1>, Cuda> loss;
  losses::depth_smoothness(ctx, {}, depth.read(), loss.write());
  losses::depth_smoothness_backward(ctx, {}, depth.read(), 0.7f, d.add());
  CHECK(on_host(ctx, loss)[0] == doctest::Approx(expected.loss).epsilon(1e-6));
  CHECK(difference(on_host(ctx, d), expected.d) < rounding<float>);
}
