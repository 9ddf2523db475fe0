#include <berl/data/selected.hpp>
#include <berl/train/tap_session.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;

namespace {
/// Says the mean of the pictures it saw, and remembers what it was told.
struct Listening final : train::TapNetwork {
  train::TapOptions planned{.batch = 4};
  std::vector<std::vector<float>> told;
  std::vector<double> rates;
  optim::Schedule rate = optim::Constant{};
  long bad_step = -1;

  int outputs() const override { return 2; }
  train::TapOptions const& options() const override { return planned; }
  void begin(optim::Schedule r) override { rate = r; }
  train::TapResult step(Read<float, Input, Host> pictures, std::span<float const> targets) override {
    CHECK(pictures.batch() == planned.batch);
    rates.push_back(optim::rate_at(rate, static_cast<long>(told.size())));
    told.emplace_back(targets.begin(), targets.end());
    return {static_cast<long>(told.size()) == bad_step ? std::nan("") : 1.0 / static_cast<double>(told.size()), 0.5};
  }
  void predict(Read<float, Input, Host> pictures, std::span<float> outputs) override {
    for (int n = 0; n < pictures.batch(); ++n) outputs[static_cast<std::size_t>(2 * n)] = pictures.sample(n)[0];
  }
  void load_trunk(io::SafeTensors const&) override {}
  void save(std::filesystem::path const&, io::ModelInfo const&) override {}
  std::string first_not_finite() override { return "layer1.0.conv1.weight"; }
};
struct Greys {
  int side = 112;
  int size() const { return 10; }
  int identities() const { return 1; }
  int label(int) const { return 0; }
  std::string name(int i) const { return "grey " + std::to_string(i); }
  io::Image load(int i) const {
    auto picture = io::blank(side, side, 3);
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(20 * i));
    return picture;
  }
};
auto const number = [](int i, std::span<float> row) { row[0] = static_cast<float>(i), row[1] = -1; };
}  // namespace

TEST_CASE("tap session: every picture once an epoch with its own target, and the paper's two falls of the rate") {
  test::ScratchFolder const folder;
  Listening network;
  train::Metrics metrics(folder.path());
  metrics.begin(0);
  train::Console console(nullptr);
  // 24 epochs of 10 pictures in steps of 4: 60 steps, the rate falls at 30 and 50
  auto const last = train::run_tap(network, Greys{}, number, {.name = "greys", .epochs = 24, .rate = 0.1}, metrics, console);
  REQUIRE(network.told.size() == 60);
  for (int epoch = 0; epoch < 24; epoch += 2) {  // two epochs are five steps
    std::vector<int> times(10);
    for (int s = 0; s < 5; ++s)
      for (std::size_t n = 0; n < 4; ++n) {
        auto const& row = network.told[static_cast<std::size_t>(epoch / 2 * 5 + s)];
        ++times[static_cast<std::size_t>(row[2 * n])];
        CHECK(row[2 * n + 1] == -1);
      }
    for (int const t : times) CHECK(t == 2);
  }
  CHECK(network.rates[29] == 0.1);
  CHECK(network.rates[30] == doctest::Approx(0.01));
  CHECK(network.rates[49] == doctest::Approx(0.01));
  CHECK(network.rates[50] == doctest::Approx(0.001));
  CHECK(last.accuracy == doctest::Approx(0.5));
  CHECK(last.loss == doctest::Approx((1 / 55.0 + 1 / 56.0 + 1 / 57.0 + 1 / 58.0 + 1 / 59.0 + 1 / 60.0) / 6));  // of a tenth of the steps
  CHECK(metrics.last("greys")["step"] == 60);

  Listening again;
  train::run_tap(again, Greys{}, number, {.epochs = 24, .loader_threads = 1}, metrics, console);
  CHECK(again.told == network.told);  // whatever threads read
}

TEST_CASE("tap session: lengths are rounded up, and one step is the least") {
  CHECK(train::tap_steps({.epochs = 60}, 325, 40) == 488);  // 0.2 % of CelebA: 487.5
  CHECK(train::tap_steps({.epochs = 0.01}, 10, 10) == 1);
}

TEST_CASE("tap session: a loss that is no number ends it with one message, and too few pictures are refused") {
  Listening network;
  network.bad_step = 3;
  train::Metrics metrics{{}};
  train::Console console(nullptr);
  auto const text = test::message_of<train::NotFinite>([&] { train::run_tap(network, Greys{}, number, {}, metrics, console); });
  CHECK(text.starts_with("attributes, step 3 of 150: the loss is nan. First not finite: layer1.0.conv1.weight. Lower the learning rate"));
  CHECK(text.find('\n') == std::string::npos);
  network.planned.batch = 11;
  CHECK_THROWS_WITH_AS(train::run_tap(network, Greys{}, number, {}, metrics, console),
                       "berl::train::run_tap: found 10 pictures; expected at least the batch of 11. Make the batch smaller.", Error);
}

TEST_CASE("tap session: predictions come in the order of the pictures, the last batch being smaller") {
  Listening network;
  auto const said = train::predict(network, Greys{});
  REQUIRE(said.size() == 20);
  for (int i = 0; i < 10; ++i) CHECK(said[static_cast<std::size_t>(2 * i)] == doctest::Approx(20 * i / 127.5 - 1).epsilon(1e-5));
  CHECK_THROWS_AS(train::predict(network, Greys{.side = 64}), Error);
}
