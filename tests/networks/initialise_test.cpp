#include <berl/networks/attribute_head.hpp>
#include <berl/networks/initialise.hpp>
#include <berl/nn/conv2d.hpp>
#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

#include <map>

using namespace berl;

namespace {
struct Stem
    : nn::Sequential<nn::Named<"conv1", nn::Conv2d<16, 64, 3>>, nn::Named<"bn1", nn::BatchNorm<64>>, nn::Named<"prelu", nn::PReLU<64>>> {};
struct Fc : nn::Sequential<nn::Named<"fc", nn::Linear<400, 64>>> {};
struct Code : nn::Sequential<nn::Conv2d<16, 64, 3>, nn::GroupNorm<16, 64>> {};

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
std::map<std::string, Moments> moments(auto& params) {
  std::map<std::string, Moments> all;
  params.visit(
      [&](Path const& path, auto& array) {
        auto const x = array.read();
        auto const n = static_cast<double>(x.size());
        Moments m;
        for (std::size_t i = 0; i < x.size(); ++i) {
          auto const v = static_cast<double>(x.data()[i]);
          m.mean += v / n, m.deviation += v * v / n, m.largest = std::max(m.largest, std::abs(v));
        }
        m.deviation = std::sqrt(m.deviation - m.mean * m.mean);
        all[path.text] = m;
      },
      Path{});
  return all;
}
}  // namespace

TEST_CASE("initialise: backbones as the published code draws them") {
  nn::Weights<Stem> stem;
  networks::initialise_backbone<float>(stem.params, Seed{3});
  auto const m = moments(stem.params);
  CHECK(m.at("conv1.weight").deviation == doctest::Approx(0.1).epsilon(0.04));  // 9216 draws: 1 % to one deviation
  CHECK(m.at("prelu.weight").mean == 0.25);
  CHECK(m.at("bn1.weight").mean == 1);
  CHECK(m.at("bn1.bias").largest == 0);
  CHECK(m.at("bn1.running_mean").largest == 0);
  CHECK(m.at("bn1.running_var").mean == 1);
  nn::Weights<Fc> fc;
  networks::initialise_backbone<float>(fc.params, Seed{3});
  auto const f = moments(fc.params);
  for (auto const* const name : {"fc.weight", "fc.bias"}) {  // U(-1, 1) / sqrt(400)
    CHECK(f.at(name).largest <= 0.05);
    CHECK(f.at(name).largest > 0.045);
  }
  CHECK(f.at("fc.weight").deviation == doctest::Approx(0.05 / std::sqrt(3.0)).epsilon(0.03));
}

TEST_CASE("initialise: auxiliary networks by PyTorch's defaults, heads by the number of their outputs") {
  nn::Weights<Code> code;
  networks::initialise_auxiliary<float>(code.params, Seed{3});
  auto const m = moments(code.params);
  CHECK(m.at("0.weight").largest <= 1 / 12.0 + 1e-7);  // 1 / sqrt(16 x 9), rounded to float
  CHECK(m.at("0.weight").deviation == doctest::Approx(1 / 12.0 / std::sqrt(3.0)).epsilon(0.03));
  CHECK(m.at("1.weight").mean == 1);
  CHECK(m.at("1.bias").largest == 0);
  nn::Weights<networks::AttributeHead<300, 50, 8>> head;
  networks::initialise_head<float>(head.params, Seed{3});
  auto const h = moments(head.params);
  CHECK(h.at("fc1.weight").deviation == doctest::Approx(std::sqrt(2.0 / 50)).epsilon(0.03));  // 15000 draws
  CHECK(h.at("fc2.weight").deviation == doctest::Approx(std::sqrt(2.0 / 8)).epsilon(0.15));   // 400 draws
  CHECK(h.at("fc1.bias").largest == 0);
}

TEST_CASE("initialise: what begins with one value has it under any name, and before anything is drawn") {
  struct Own
      : nn::Sequential<nn::Conv2d<16, 16, 3, 1, 1, nn::Bias>, nn::BatchNorm<16>, nn::Named<"slope", nn::PReLU<16>>, nn::GroupNorm<4, 16>> {
  };
  nn::Weights<Own> weights;
  auto const begins = [&] {
    auto const m = moments(weights.params);
    for (char const* const one : {"1.weight", "1.running_var", "2.weight"}) CHECK(m.at(one).mean == 1);
    for (char const* const none : {"1.bias", "1.running_mean", "2.bias"}) CHECK(m.at(none).largest == 0);
    CHECK(m.at("slope.weight").mean == 0.25);
    return m;
  };
  CHECK(begins().at("0.weight").largest == 0);
  auto const in_bound = [](Moments const& m, double bound) {
    CHECK(m.largest <= bound + 1e-7);
    CHECK(m.largest > bound / 2);
  };
  networks::initialise_auxiliary<float>(weights.params, Seed{3});
  in_bound(begins().at("0.weight"), 1 / 12.0);  // 1 / sqrt(16 x 9), rounded to float
  in_bound(begins().at("0.bias"), 1 / 12.0);    // none of 16 beyond half of it: once in 65536 seeds
  networks::initialise_backbone<float>(weights.params, Seed{3});
  CHECK(begins().at("0.weight").deviation == doctest::Approx(0.1).epsilon(0.08));  // 2304 draws: 1.5 % to one deviation
  in_bound(begins().at("0.bias"), 1 / 12.0);
  networks::initialise_head<float>(weights.params, Seed{3});
  CHECK(begins().at("0.bias").largest == 0);
}

TEST_CASE("initialise: an array's values follow from the seed and its name alone") {
  nn::Weights<Stem> a, b, c;
  networks::initialise_backbone<float>(a.params, Seed{3}), networks::initialise_backbone<float>(b.params, Seed{3});
  networks::initialise_backbone<float>(c.params, Seed{4});
  CHECK(a.params.at<0>().named.weight.value()[5] == b.params.at<0>().named.weight.value()[5]);
  CHECK(a.params.at<0>().named.weight.value()[5] != c.params.at<0>().named.weight.value()[5]);
}
