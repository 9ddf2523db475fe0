#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/losses/reconstruction.hpp>

using namespace berl;
using namespace berl::gpu;
using losses::Masking, losses::ReconstructionLoss, losses::Reduction;

namespace {
constexpr int S = 16, batch = 5;
using Image = Shape<3, S, S>;
using Map = Shape<1, S, S>;

ReconstructionLoss const ways[] = {{},
                                   {.range = losses::ColourRange::from_zero},
                                   {.masking = Masking::none},
                                   {.masking = Masking::image},
                                   {.reduction = Reduction::sum},
                                   {.masking = Masking::none, .reduction = Reduction::sum}};
struct Given {
  Tensor<float, Image> reconstruction = filled<float, Image>(batch, "reconstruction"), image = filled<float, Image>(batch, "image");
  Tensor<float, Map> mask = filled<float, Map>(batch, "mask"), sigma = filled<float, Map>(batch, "sigma", 0.5, 2);
  Given() {
    for (float& m : mask.span()) m = m > 0 ? 1.f : 0.f;
    for (int i = 0; i < Map::size; ++i) mask.write().sample(2)[i] = 0;  // nothing of this image counts
  }
};
/// The loss, its gradients, and both with a confidence map.
struct Found {
  double loss = 0, confident_loss = 0;
  Tensor<float, Image> d{batch}, confident_d{batch};
  Tensor<float, Map> d_sigma{batch};
};
Found by_the_host(ReconstructionLoss const& way) {
  Given const g;
  Found f;
  Context<Host> ctx{1, Arena(ReconstructionLoss::scratch<float>(batch))};
  Write<double, Shape<1>, Host> const loss(&f.loss, 1), confident_loss(&f.confident_loss, 1);
  auto const r = g.reconstruction.read(), i = g.image.read();
  auto const m = g.mask.read(), s = g.sigma.read();
  losses::reconstruction_loss(ctx, way, r, i, m, loss);
  losses::reconstruction_loss_backward(ctx, way, r, i, m, 0.7f, f.d.write());
  losses::reconstruction_loss(ctx, way, r, i, m, s, confident_loss);
  losses::reconstruction_loss_backward(ctx, way, r, i, m, s, 0.7f, f.confident_d.write(), f.d_sigma.write());
  return f;
}
Found by_the_gpu(ReconstructionLoss const& way) {
  Given const g;
  auto ctx = test_context();
  auto const reconstruction = on_gpu(ctx, g.reconstruction), image = on_gpu(ctx, g.image);
  auto const mask = on_gpu(ctx, g.mask), sigma = on_gpu(ctx, g.sigma);
  Tensor<float, Image, Cuda> d(batch), confident_d(batch);
  Tensor<float, Map, Cuda> d_sigma(batch);
  Tensor<double, Shape<1>, Cuda> losses(2);
  Write<double, Shape<1>, Cuda> const loss(losses.write().data(), 1), confident_loss(losses.write().data() + 1, 1);
  auto const r = reconstruction.read(), i = image.read();
  auto const m = mask.read(), s = sigma.read();
  losses::reconstruction_loss(ctx, way, r, i, m, loss);
  losses::reconstruction_loss_backward(ctx, way, r, i, m, 0.7f, d.write());
  losses::reconstruction_loss(ctx, way, r, i, m, s, confident_loss);
  losses::reconstruction_loss_backward(ctx, way, r, i, m, s, 0.7f, confident_d.write(), d_sigma.write());
  auto const numbers = on_host(ctx, losses);
  return {numbers[0], numbers[1], on_host(ctx, d), on_host(ctx, confident_d), on_host(ctx, d_sigma)};
}
}  // namespace

TEST_CASE("a team weighs samples and adds them up as the host does") {
  auto const counted = filled<float, Shape<1, 1, 1>>(batch, "counted", 0, 9), sample = filled<float, Shape<1, 1, 1>>(batch, "sample");
  Context<Host> ctx;
  using OnHost = Kernel<losses::eq6::Batch, Host>;
  auto const check = [&](auto by) {
    for (auto const& way : ways) {
      auto expected = counted, found = counted;
      double loss = 0, expected_loss = 0;
      OnHost::weigh(ctx, way, Image::size, 0.7f, expected.write());
      OnHost::add_up(ctx, expected.read(), sample.read(), Write<double, Shape<1>, Host>(&expected_loss, 1));
      by([&](auto team) {
        losses::eq6::weigh(team, way, Image::size, 0.7f, &found[0], batch);
        decltype(team)::sync();
        losses::eq6::add_up(team, &found[0], &sample[0], batch, &loss);
      });
      CHECK(difference(found, expected) < 1e-6);  // one rounding
      CHECK(loss == doctest::Approx(expected_loss).epsilon(1e-6));
    }
  };
  check([](auto const& body) { body(Solo{}); });
  check([](auto const& body) { Crew<5>::work([&] { body(Crew<5>{}); }); });
}

TEST_CASE_TEMPLATE("a sample that does not count adds nothing, whatever it is", Team, Solo, Crew<5>) {
  float const weight[] = {0.5f, 0, 2}, sample[] = {1, NAN, 3};
  double loss = 0;
  work<Team>([&](Team team) { losses::eq6::add_up(team, weight, sample, 3, &loss); });
  CHECK(loss == 6.5);
}

TEST_CASE("reconstruction losses on the GPU are the host's, twice the same" * needs_gpu()) {
  for (auto const& way : ways) {
    auto const expected = by_the_host(way), once = by_the_gpu(way), again = by_the_gpu(way);
    CHECK(once.loss == doctest::Approx(expected.loss).epsilon(rounding<float>));
    CHECK(once.confident_loss == doctest::Approx(expected.confident_loss).epsilon(rounding<float>));
    CHECK(difference(once.d, expected.d) < rounding<float>);
    CHECK(difference(once.confident_d, expected.confident_d) < rounding<float>);
    CHECK(difference(once.d_sigma, expected.d_sigma) < rounding<float>);
    CHECK(once.loss == again.loss);
    CHECK(same_bits(once.confident_d, again.confident_d));
  }
}
