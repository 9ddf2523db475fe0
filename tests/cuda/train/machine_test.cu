#include "../gpu.hpp"
#include "trained.hpp"

#include <berl/cuda/train/machine.hpp>

#include <cmath>

using namespace berl;
using namespace berl::gpu;
using namespace berl::test;
using train::Stage;

namespace {
using OnGpu = train::Trainer<SmallModel, Cuda>;

double length(std::vector<float> const& a) {
  double sum = 0;
  for (float const x : a) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}
double off(std::vector<float> const& a, std::vector<float> const& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i] - b[i]), 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / (size > 0 ? size : 1));
}
}  // namespace

TEST_CASE("a step on the GPU is the host's, in each stage" * needs_gpu()) {
  for (Stage const stage : {Stage::recognition, Stage::reconstruction, Stage::joint}) {
    CAPTURE(static_cast<int>(stage));
    auto const expected = trained_by_the_host(everything<float>(), stage, 1), found = trained<Cuda>(everything<float>(), stage, 1);
    for (std::size_t i = 0; i < expected.losses.size(); ++i) CHECK(found.losses[i] == doctest::Approx(expected.losses[i]).epsilon(1e-4));
    // Sums of another order; pixels on an edge that are drawn as another face; PReLUs whose input is a rounding away from 0: pictures that
    // differ by 1e-5 move the gradient of the depth network by 4e-3 on the host.
    for (auto const& [network, gradient] : expected.gradients) {
      CAPTURE(network);
      INFO("lengths ", length(found.gradients.at(network)), " and ", length(gradient));
      CHECK(off(found.gradients.at(network), gradient) < 1e-2);
    }
    CHECK(off(found.values, expected.values) < 1e-3);
    CHECK(off(found.buffers, expected.buffers) < 1e-4);
  }
}

TEST_CASE("two trainings on the GPU have the same bits, and the losses fall" * needs_gpu()) {
  auto const once = trained<Cuda>(everything<float>(), Stage::joint, 20), again = trained<Cuda>(everything<float>(), Stage::joint, 20);
  CHECK(once.losses == again.losses);
  CHECK(once.values == again.values);
  CHECK(once.m == again.m);
  CHECK(once.losses[4 * 19 + 2] < once.losses[2]);
}

TEST_CASE("states go to the host and back, and a training goes on from them" * needs_gpu()) {
  auto const x = pictures<float>(4);
  OnGpu whole(everything<float>()), other(everything<float>());
  begin(whole, Stage::joint), begin(other, Stage::joint);
  for (int k = 0; k < 3; ++k) whole.step(x.read(), people);
  whole.fetch();
  auto const &from = whole.states(), &to = other.states();
  std::copy_n(from.values, from.recognition + from.auxiliary, to.values);
  std::copy_n(from.momentum, from.recognition, to.momentum);
  std::copy_n(from.m, from.auxiliary, to.m);
  std::copy_n(from.v, from.auxiliary, to.v);
  std::copy_n(from.buffers, from.buffered, to.buffers);
  other.store();
  other.resume(whole.progress());
  CHECK(whole.step(x.read(), people).total == other.step(x.read(), people).total);
}

TEST_CASE("embeddings of any number of pictures up to the batch are the host's" * needs_gpu()) {
  SmallOptions<float> const options{.identities = 3, .batch = 4};
  OnGpu trainer(options);
  for (int const n : {4, 1, 3}) {
    Tensor<float, Shape<16>> e(n);
    trainer.embed(pictures<float>(n).read(), e.write());
    CHECK(off({e.span().begin(), e.span().end()}, embedded_by_the_host(options, n)) < 1e-4);  // ten layers of sums in another order
  }
}

TEST_CASE("what the caller gets wrong is said before the GPU sees it" * needs_gpu()) {
  auto sampling = everything<float>();
  sampling.head_sample_rate = 0.5;
  CHECK_THROWS_AS(OnGpu{sampling}, Error);
  OnGpu trainer(everything<float>());
  begin(trainer, Stage::joint);
  std::vector<int> const wrong{0, 1, 2, 3};
  CHECK_THROWS_AS(trainer.step(pictures<float>(4).read(), wrong), Error);
  CHECK_THROWS_AS(trainer.step(pictures<float>(3).read(), people), Error);
}

TEST_CASE("a network that is not finite makes a loss that is not, and is named" * needs_gpu()) {
  OnGpu trainer(everything<float>());
  begin(trainer, Stage::joint);
  trainer.states().values[train::States<SmallModel, float>::block<SmallModel::Trunk> + 1] = NAN;
  trainer.store();
  CHECK_FALSE(std::isfinite(trainer.step(pictures<float>(4).read(), people).total));
  CHECK(trainer.first_not_finite() != "the losses");
}
