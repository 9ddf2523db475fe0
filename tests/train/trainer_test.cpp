#include <berl/train/trainer.hpp>

#include <doctest/doctest.h>

#include <cstring>

#include "small_model.hpp"

using namespace berl;
using test::people, test::pictures, test::SmallTrainer;

namespace {
struct Four {  // a bypass of one's own, without confidence
  static constexpr int side = 64;
  using View = networks::ViewNet<4>;
  using Light = networks::LightNet<4>;
  using Depth = networks::DepthNet<16, 4>;
  using Albedo = networks::AlbedoNet<16, 4>;
};
std::vector<float> values_of(SmallTrainer<float> const& trainer) {
  auto const& s = trainer.states();
  return {s.values, s.values + s.recognition + s.auxiliary};
}
}  // namespace

TEST_CASE("a stage begins with its own rates, and counts its steps") {
  SmallTrainer<float> trainer({.identities = 3, .batch = 4});
  auto const x = pictures<float>(4);
  trainer.begin(train::Stage::recognition, optim::MultiStep{.rate = 0.2, .milestones = {1}}, optim::Constant{});
  trainer.step(x.read(), people);
  CHECK(trainer.rate() == 0.2);
  trainer.step(x.read(), people);
  CHECK(trainer.rate() == doctest::Approx(0.02));
  trainer.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{.rate = 1e-3});
  trainer.step(x.read(), people);
  CHECK(trainer.rate() == 1e-3);
  CHECK(trainer.progress() == SmallTrainer<float>::Progress{1, 2, 1, 3});  // of this stage, of SGD, of Adam, of all
}

TEST_CASE("a trainer with another's arrays and place goes on with the same bits") {
  auto const x = pictures<float>(4);
  auto const begin = [](SmallTrainer<float>& t) {
    t.begin(train::Stage::joint, optim::MultiStep{.rate = 0.05, .milestones = {3}}, optim::Constant{.rate = 1e-3});
  };
  SmallTrainer<float> whole({.identities = 3, .batch = 4, .flip = 0.5}), half({.identities = 3, .batch = 4, .flip = 0.5});
  begin(whole), begin(half);
  for (int k = 0; k < 2; ++k) whole.step(x.read(), people), half.step(x.read(), people);
  SmallTrainer<float> other({.identities = 3, .batch = 4, .flip = 0.5});
  auto const &from = half.states(), &to = other.states();
  std::size_t const n = from.recognition + from.auxiliary;
  std::memcpy(to.values, from.values, n * sizeof(float));
  std::memcpy(to.momentum, from.momentum, from.recognition * sizeof(float));
  std::memcpy(to.m, from.m, from.auxiliary * sizeof(float));
  std::memcpy(to.v, from.v, from.auxiliary * sizeof(float));
  *other.parameters().head.state[0].value() = *half.parameters().head.state[0].value();
  begin(other);
  other.resume(half.progress());
  for (int k = 0; k < 2; ++k) whole.step(x.read(), people), other.step(x.read(), people);
  CHECK(values_of(whole) == values_of(other));
  CHECK(whole.progress() == other.progress());
}

TEST_CASE("batches that are prepared while the step before runs make the same bits") {
  auto const batch = [](int k) {  // of step k
    auto x = pictures<float>(4);
    for (float& v : x.span()) v *= 1 - 0.2f * static_cast<float>(k);
    return x;
  };
  auto const begin = [](SmallTrainer<float>& t) {
    t.begin(train::Stage::joint, optim::Constant{.rate = 0.05}, optim::Constant{.rate = 1e-3});
  };
  SmallTrainer<float> one_by_one({.identities = 3, .batch = 4, .flip = 0.5}), ahead({.identities = 3, .batch = 4, .flip = 0.5});
  begin(one_by_one), begin(ahead);
  CHECK_THROWS_AS(ahead.step(), std::logic_error);
  auto x = batch(5);
  ahead.prepare(x.read(), people);  // replaced before a step takes it
  auto y = batch(0);
  ahead.prepare(y.read(), people);
  Tensor<float, Shape<16>> e(3);
  for (int k = 0; k < 3; ++k) {
    int calls = 0;
    auto const found = ahead.step([&] {
      ++calls;
      CHECK(ahead.progress().taken == k);  // the update comes behind
      for (float& v : y.span()) v = 99;    // nobody needs it any more
      y = batch(k + 1);
      ahead.prepare(y.read(), people);
    });
    CHECK(calls == 1);
    ahead.embed(pictures<float>(3).read(), e.write());  // leaves the batch that is prepared alone
    CHECK(found.total == one_by_one.step(batch(k).read(), people).total);
  }
  CHECK_THROWS_AS(ahead.prepare(pictures<float>(3).read(), people), Error);  // and what was prepared stays
  CHECK(ahead.step().total == one_by_one.step(batch(3).read(), people).total);
  CHECK(values_of(ahead) == values_of(one_by_one));
  CHECK_THROWS_AS(ahead.step(), std::logic_error);  // each is taken once
}

TEST_CASE("the embedding of evaluation does not depend on the batch, and needs room in the plan") {
  SmallTrainer<float> trainer({.identities = 3, .batch = 4, .convolutions = Convolutions::per_picture});
  auto const x = pictures<float>(4);
  Tensor<float, Shape<16>> all(4), one(1), many(5);
  trainer.embed(x.read(), all.write());
  trainer.embed({x.read().sample(2), 1}, one.write());
  for (std::size_t d = 0; d < 16; ++d) CHECK(one[d] == all[2 * 16 + d]);
  CHECK_THROWS_WITH_AS(trainer.embed(pictures<float>(5).read(), many.write()),
                       "berl::train::Trainer::embed: found 5 pictures; expected at most 4, a batch. Give them in parts.", Error);
}

TEST_CASE("a step has the same bits for any number of threads") {
  auto const x = pictures<float>(4);
  auto const run = [&](int threads) {
    SmallTrainer<float> trainer({.identities = 3, .batch = 4, .threads = threads, .flip = 0.5, .confidence = true, .smoothness = 0.01});
    trainer.begin(train::Stage::joint, optim::Constant{.rate = 0.01}, optim::Constant{.rate = 1e-3});
    for (int k = 0; k < 3; ++k) trainer.step(x.read(), people);
    return std::vector<float>(trainer.states().values, trainer.states().values + trainer.states().recognition + trainer.states().auxiliary);
  };
  auto const one = run(1);
  for (int threads : {2, 7}) {
    auto const many = run(threads);
    CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("what the caller gets wrong is said in one sentence") {
  CHECK_THROWS_WITH_AS(SmallTrainer<float>({.batch = 4}),
                       "berl::train::Trainer: identities: found 0; expected at least 1. Give the number of people in the training set.",
                       Error);
  SmallTrainer<float> alone({.identities = 3, .batch = 1});
  auto const x = pictures<float>(1);
  CHECK_THROWS_WITH_AS(
      alone.step(x.read(), std::vector{0}),
      "berl::train::Trainer::step: found a batch of 1 in stage joint; expected at least 2. The batch norms that are trained in "
      "it need the variance of more than one picture.",
      Error);
  alone.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{});
  CHECK_NOTHROW(alone.step(x.read(), std::vector{0}));  // there the backbone's are constants
  using Own = train::Trainer<Model<test::Small, losses::CurricularFace, Four>>;
  CHECK_THROWS_WITH_AS(
      Own({.identities = 3, .batch = 4, .confidence = true}),
      "berl::train::Trainer: confidence: found a bypass without a confidence network; expected one that names it. Add `using "
      "Confidence = networks::PixelConfidenceNet<>;` to the bypass, or leave the option off.",
      Error);
  Own own({.identities = 3, .batch = 4, .smoothness = 0.01});
  own.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  CHECK(std::isfinite(own.step(pictures<float>(4).read(), people).total));
  SmallTrainer<float> trainer({.identities = 3, .batch = 4});
  CHECK_THROWS_AS(trainer.step(pictures<float>(3).read(), people), Error);
  std::vector<int> const wrong{0, 1, 2, 3};
  CHECK_THROWS_AS(trainer.step(pictures<float>(4).read(), wrong), Error);
}
