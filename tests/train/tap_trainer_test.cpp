#include <berl/core/tensor.hpp>
#include <berl/losses/attribute.hpp>
#include <berl/networks/attribute_head.hpp>
#include <berl/networks/iresnet.hpp>
#include <berl/train/tap_trainer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

using namespace berl;

namespace {
struct Small : networks::IResNet<2, 2, 2, 2, 4, 32, 8> {};
using Trainer = train::TapTrainer<Small, networks::AttributeHead<16 * 4 * 4, 8, 3>, double>;
using Output = Trainer::Output;

struct Case {
  Tensor<double, Small::Input> x{4};
  Tensor<double, Output> t{4};
  Case() {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * i % 255) / 127 - 1;
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = static_cast<double>(i % 2);
  }
  auto loss() const {
    return [this](Context<Host>& ctx, auto logits, auto d) { return losses::attribute(ctx, logits, t.read(), d); };
  }
};
}  // namespace

static_assert(std::is_same_v<Trainer::Tap, Shape<16, 4, 4>> && std::is_same_v<Output, Shape<3>>);

TEST_CASE("tap trainer: the derivative agrees with central differences, in every part of the network") {
  Case const c;
  Trainer trainer({.batch = 4});
  auto const loss = [&] { return trainer.differentiate(c.x.read(), c.loss()).loss; };
  loss();
  std::vector<double> const gradient(trainer.gradients().begin(), trainer.gradients().end());
  auto const values = trainer.values();
  for (std::string const part : {"conv1.", "layer1.", "layer2.", "layer3.", "attr.fc1.", "attr.fc2."}) {
    std::vector<std::size_t> places;
    trainer.visit(
        [&](Path const& path, auto& array) {
          if constexpr (Trainable<std::remove_cvref_t<decltype(array)>>)
            if (path.text.starts_with(part))
              for (std::size_t i = 0; i < array.read().size(); ++i)
                places.push_back(static_cast<std::size_t>(array.value() - values.data()) + i);
        },
        "attr");
    REQUIRE(places.size() > 5);
    std::vector<double> errors;
    double largest = 0;
    for (std::size_t k = 0; k < 7; ++k) {
      std::size_t const i = places[k * places.size() / 7];
      double const old = values[i], h = 1e-6;
      values[i] = old + h;
      double const up = loss();
      values[i] = old - h;
      double const down = loss();
      values[i] = old;
      errors.push_back(std::abs((up - down) / (2 * h) - gradient[i]) / std::max(1e-3, std::abs(gradient[i])));
      largest = std::max(largest, std::abs(gradient[i]));
    }
    std::sort(errors.begin(), errors.end());
    CHECK_MESSAGE(errors[3] < 1e-5, part);  // the median: one entry may cross a kink of a rectifier
    CHECK_MESSAGE(largest > 0, part);       // the loss reaches all stages
  }
}

TEST_CASE("tap trainer: some steps learn, and have the same bits for any number of threads") {
  Case const c;
  auto const run = [&](int threads) {
    Trainer trainer({.batch = 4, .threads = threads});
    trainer.begin(optim::Constant{.rate = 0.01});
    double first = 0, last = 0;
    for (int k = 0; k < 12; ++k) (k == 0 ? first : last) = trainer.step(c.x.read(), c.loss()).loss;
    CHECK(last < first);
    return std::vector<double>(trainer.values().begin(), trainer.values().end());
  };
  auto const one = run(1), three = run(3);
  CHECK(std::memcmp(one.data(), three.data(), one.size() * sizeof(double)) == 0);
}

TEST_CASE("tap trainer: evaluation changes nothing, and smaller batches are taken") {
  Case const c;
  Trainer trainer({.batch = 4});
  Tensor<double, Output> a(4), b(1);
  trainer.predict(c.x.read(), a.write());
  trainer.predict({c.x.read().sample(2), 1}, b.write());
  for (int k = 0; k < 3; ++k) CHECK(b[static_cast<std::size_t>(k)] == doctest::Approx(a.read().sample(2)[k]).epsilon(1e-12));
  Tensor<double, Small::Input> const five(5);
  CHECK_THROWS_WITH_AS(trainer.predict(five.read(), a.write()),
                       "berl::train::TapTrainer: found a batch of 5; expected 1 to 4. Plan for the largest batch.", Error);
  CHECK_THROWS_AS(Trainer({.batch = 1}), Error);
}
