#include <berl/train/step.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "small_model.hpp"

using namespace berl;
using test::people, test::pictures, test::SmallTrainer;

namespace {
/// Largest gradient of the arrays below a name.
template <class T>
double largest(SmallTrainer<T>& trainer, std::string const& prefix) {
  double most = 0;
  trainer.parameters().visit([&](Path const& path, auto& array) {
    if constexpr (Trainable<std::remove_cvref_t<decltype(array)>>)
      if (path.text.starts_with(prefix)) {
        auto const d = array.read_gradient();
        for (std::size_t i = 0; i < d.size(); ++i) most = std::max(most, std::abs(static_cast<double>(d.data()[i])));
      }
  });
  return most;
}
char const* const auxiliary[] = {"iia.view.", "iia.light.", "ira.depth.", "ira.albedo."};
char const* const below_tap[] = {"conv1.", "bn1.", "prelu.", "layer1.", "layer2.", "layer3."};
char const* const above_tap[] = {"layer4.", "bn2.", "fc.", "features.", "head."};
}  // namespace

TEST_CASE("L_FR reaches the whole backbone and the head, and no auxiliary network") {
  SmallTrainer<double> trainer({.identities = 3, .batch = 4, .gamma_recon = 0});
  trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  trainer.differentiate(pictures<double>(4).read(), people);
  for (auto const* name : below_tap) CHECK_MESSAGE(largest(trainer, name) > 0, name);
  for (auto const* name : above_tap) CHECK_MESSAGE(largest(trainer, name) > 0, name);
  for (auto const* name : auxiliary) CHECK_MESSAGE(largest(trainer, name) == 0, name);
}

TEST_CASE("L_Recon reaches the auxiliary networks and stem to stage 3, and nothing of stage 4") {
  SmallTrainer<double> trainer({.identities = 3, .batch = 4, .gamma_fr = 0, .flip = 0.5});
  trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  trainer.differentiate(pictures<double>(4).read(), people);
  for (auto const* name : below_tap) CHECK_MESSAGE(largest(trainer, name) > 0, name);
  for (auto const* name : above_tap) CHECK_MESSAGE(largest(trainer, name) == 0, name);
  for (auto const* name : auxiliary) CHECK_MESSAGE(largest(trainer, name) > 0, name);
}

TEST_CASE("a joint step with gamma_2 = 0 is a step of stage 1 to the last bit, and computes no L_Recon") {
  auto const x = pictures<double>(4);
  auto const trained = [&](train::Stage stage) {
    SmallTrainer<double> trainer({.identities = 3, .batch = 4, .gamma_recon = 0});
    trainer.begin(stage, optim::Constant{.rate = 0.1}, optim::Constant{});
    trainer.step(x.read(), people);
    CHECK(trainer.step(x.read(), people).recon == 0);
    return trainer;
  };
  auto const joint = trained(train::Stage::joint), recognition = trained(train::Stage::recognition);
  CHECK(std::memcmp(joint.states().values, recognition.states().values, joint.states().recognition * sizeof(double)) == 0);
}

TEST_CASE("confidence and smoothness: L_Recon reaches the confidence network, and the head sees nothing of either") {
  auto const x = pictures<double>(4);
  auto const differentiated = [&](bool confidence, double smoothness, double fr, double recon) {
    SmallTrainer<double> trainer({.identities = 3,
                                  .batch = 4,
                                  .gamma_fr = fr,
                                  .gamma_recon = recon,
                                  .flip = 0.5,
                                  .confidence = confidence,
                                  .smoothness = smoothness});
    trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
    trainer.differentiate(x.read(), people);
    return trainer;
  };
  auto plain = differentiated(false, 0, 1, 1), both = differentiated(true, 0.01, 1, 1);
  CHECK(largest(plain, "confidence.") == 0);  // there is none
  CHECK(plain.parameters().confidence.template at<0>().named.template at<0>().weight.value() == nullptr);
  CHECK(largest(both, "confidence.network.") > 0);
  CHECK(largest(both, "confidence.out_net1.") > 0);
  for (auto const* name : above_tap) CHECK_MESSAGE(largest(both, name) == largest(plain, name), name);
  for (auto const* name : auxiliary) CHECK_MESSAGE(largest(both, name) != largest(plain, name), name);
  auto const& a = plain.states();
  auto const& b = both.states();
  CHECK(a.recognition == b.recognition);
  CHECK(std::memcmp(a.values, b.values, (a.recognition + a.auxiliary) * sizeof(double)) == 0);  // both begin alike

  auto recognition = differentiated(true, 0.01, 1, 0), reconstruction = differentiated(true, 0.01, 0, 1);
  CHECK(largest(recognition, "confidence.") == 0);
  CHECK(largest(recognition, "ira.") == 0);
  for (auto const* name : above_tap) CHECK_MESSAGE(largest(reconstruction, name) == 0, name);
  for (auto const* name : below_tap) CHECK_MESSAGE(largest(reconstruction, name) > 0, name);
}

TEST_CASE("a rough depth costs what depth_smoothness says, and a step of stage 2 makes it smoother") {
  auto const x = pictures<double>(4);
  auto const run = [&](double smoothness) {
    SmallTrainer<double> trainer({.identities = 3, .batch = 4, .smoothness = smoothness});
    trainer.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{.rate = 1e-3});
    double const first = trainer.step(x.read(), people).recon;
    return std::pair(first, trainer.step(x.read(), people).recon);
  };
  SmallTrainer<double> trainer({.identities = 3, .batch = 4});
  trainer.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{});
  double const without = trainer.differentiate(x.read(), people).recon;
  auto settings = trainer.options().imaging;
  settings.border = false;
  Tensor<double, Shape<1, 64, 64>> depth(4);
  imaging::canonical_depth(trainer.context(), settings, trainer.activations().raw.read(), depth.write());
  double const roughness = losses::depth_smoothness(trainer.context(), settings, depth.read());
  CHECK(roughness > 0);
  auto const [first, second] = run(1000);
  CHECK(first == doctest::Approx(without + 1000 * roughness).epsilon(1e-12));
  CHECK(second < first);
}

TEST_CASE("the joint gradient is gamma_1 times one loss's and gamma_2 times the other's, and stage 2 leaves the backbone alone") {
  auto const x = pictures<double>(4);
  auto const stem = [&](double fr, double recon) {
    SmallTrainer<double> trainer({.identities = 3, .batch = 4, .gamma_fr = fr, .gamma_recon = recon, .flip = 0.5});
    trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
    trainer.differentiate(x.read(), people);
    auto const d = trainer.parameters().trunk.template at<0>().named.weight.read_gradient();
    return std::vector<double>(d.data(), d.data() + 4 * 3 * 9);
  };
  auto const fr = stem(1, 0), recon = stem(0, 1), both = stem(0.5, 2);
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < both.size(); ++i) {
    worst = std::max(worst, std::abs(both[i] - 0.5 * fr[i] - 2 * recon[i]));
    size = std::max(size, std::abs(both[i]));
  }
  CHECK(worst < 1e-10 * size);  // linear in the weights, up to rounding through forty layers

  SmallTrainer<double> trainer({.identities = 3, .batch = 4});
  auto const count = trainer.states().recognition;
  std::vector<double> const before(trainer.states().values, trainer.states().values + count);
  trainer.begin(train::Stage::reconstruction, optim::Constant{.rate = 1}, optim::Constant{.rate = 1e-3});
  auto const first = trainer.step(x.read(), people);
  auto const second = trainer.step(x.read(), people);
  CHECK(first.fr == 0);
  CHECK(second.recon < first.recon);
  CHECK(std::memcmp(before.data(), trainer.states().values, count * sizeof(double)) == 0);
}

TEST_CASE("detaching the bypass changes no bit of the embedding") {
  auto const x = pictures<double>(4);
  auto const embedding = [&](train::Stage stage) {
    SmallTrainer<double> trainer({.identities = 3, .batch = 4, .threads = 2, .flip = 0.5});
    trainer.begin(stage, optim::Constant{}, optim::Constant{});
    trainer.differentiate(x.read(), people);
    auto const e = trainer.activations().embedding.read();
    return std::vector<double>(e.data(), e.data() + e.size());
  };
  auto const with = embedding(train::Stage::joint), without = embedding(train::Stage::recognition);
  CHECK(std::memcmp(with.data(), without.data(), with.size() * sizeof(double)) == 0);
}

TEST_CASE("the whole graph's derivative agrees with central differences in double") {
  auto const x = pictures<double>(4);
  SmallTrainer<double> trainer({.identities = 3, .batch = 4, .flip = 0.5});
  trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  auto const loss = [&] {
    *trainer.parameters().head.state[0].value() = 0.1;  // a step renews it
    return trainer.differentiate(x.read(), people).total;
  };
  loss();
  std::vector<double> const gradient(trainer.states().gradients,
                                     trainer.states().gradients + trainer.states().recognition + trainer.states().auxiliary);
  // Dropout's mask and the rasterised triangles are the same on both sides; a few entries may still cross a kink, so the median speaks.
  std::vector<double> errors;
  for (std::size_t i = 0; i < gradient.size(); i += gradient.size() / 97) {
    if (gradient[i] == 0) continue;
    double const old = trainer.states().values[i], step = 1e-6;
    trainer.states().values[i] = old + step;
    double const up = loss();
    trainer.states().values[i] = old - step;
    double const down = loss();
    trainer.states().values[i] = old;
    errors.push_back(std::abs((up - down) / (2 * step) - gradient[i]) / std::max(1e-3, std::abs(gradient[i])));
  }
  CHECK(errors.size() > 40);
  std::sort(errors.begin(), errors.end());
  CHECK(errors[errors.size() / 2] < 1e-5);
}

TEST_CASE("with confidence, mirrored faces and smoothness each part's derivative agrees with central differences in double") {
  auto const x = pictures<double>(2);
  std::vector<int> const two{0, 2};
  SmallTrainer<double> trainer(
      {.identities = 3, .batch = 2, .gamma_fr = 0, .gamma_recon = 0.7, .flip = 0.5, .confidence = true, .smoothness = 5});
  trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  auto const loss = [&] { return trainer.differentiate(x.read(), two).total; };
  loss();
  auto const& s = trainer.states();
  std::vector<double> const gradient(s.gradients, s.gradients + s.recognition + s.auxiliary);
  for (std::string const part : {"confidence.network.", "confidence.out_net1.", "ira.depth.", "layer3."}) {
    std::vector<std::size_t> places;
    trainer.parameters().visit([&](Path const& path, auto& array) {
      if constexpr (Trainable<std::remove_cvref_t<decltype(array)>>)
        if (path.text.starts_with(part))
          for (std::size_t i = 0; i < array.read().size(); ++i) places.push_back(static_cast<std::size_t>(array.value() - s.values) + i);
    });
    std::vector<double> errors;
    for (std::size_t k = 0; k < 9; ++k) {
      std::size_t const i = places[k * places.size() / 9];
      double const old = s.values[i], step = 1e-6;
      s.values[i] = old + step;
      double const up = loss();
      s.values[i] = old - step;
      double const down = loss();
      s.values[i] = old;
      errors.push_back(std::abs((up - down) / (2 * step) - gradient[i]) / std::max(1e-3, std::abs(gradient[i])));
    }
    std::sort(errors.begin(), errors.end());
    CHECK_MESSAGE(errors[4] < 1e-5, part);  // as above; a wrong factor of either term would show in all of them
  }
}
