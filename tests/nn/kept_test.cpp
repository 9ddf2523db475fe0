#include <berl/core/random.hpp>
#include <berl/core/tensor.hpp>
#include <berl/networks/iresnet.hpp>
#include <berl/nn/kept.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace berl;

namespace {
struct Net : networks::IResNet<3, 2, 2, 2, 4, 16, 8> {};
using Trunk = Net::Trunk;
using In = Net::Input;

std::vector<float> outputs_of(float* memory, std::string const& wanted) {
  std::vector<float> found;
  auto const keep = [&](Path const& path, std::span<float const> values) {
    if (path.text == wanted) found.assign(values.begin(), values.end());
  };
  nn::visit_kept<Trunk, float, In>(Pass<float>(memory, 0, 0), 2, Path{}, keep);
  return found;
}
}  // namespace

TEST_CASE("kept: layers come in the order of computing, under the names of their parameters, with what they put out") {
  nn::Weights<Trunk> weights;
  weights.params.visit(
      [](Path const& path, auto& array) {
        Random random(named(Seed{1}, path.text));
        for (std::size_t i = 0; i < array.read().size(); ++i) array.value()[i] = static_cast<float>(random.uniform(0.1, 0.5));
      },
      Path{});
  Tensor<float, In> x(2);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
  Tensor<float, nn::OutputOf<Trunk, In>> y(2);
  std::vector<float> memory(nn::kept<Trunk, float, In>(2), -7.0f);
  Context<Host> ctx{1, Arena(nn::scratch<Trunk, float, In>(2, 1))};
  nn::forward<Trunk, Inference>(ctx, weights.params, x.read(), y.write(), Pass<float>(memory.data(), 1, 0));

  std::vector<std::string> names;
  auto const keep = [&](Path const& path, std::span<float const>) { names.push_back(path.text); };
  nn::visit_kept<Trunk, float, In>(Pass<float>(memory.data(), 0, 0), 2, Path{}, keep);
  // norms that run as one with their slopes leave no output of their own, and none where a convolution follows
  std::vector<std::string> const begin{"conv1",          "prelu",    "layer1.0.downsample.0", "layer1.0.conv1",
                                       "layer1.0.conv2", "layer1.0", "layer1.1.conv1"};
  REQUIRE(names.size() > begin.size());
  CHECK(std::equal(begin.begin(), begin.end(), names.begin()));
  for (char const* name : {"layer1.1", "layer1.2", "layer1", "layer2.0", "layer2.1.conv2", "layer3.1.conv1"})
    CHECK(std::count(names.begin(), names.end(), name) == (std::string(name) == "layer1.2" ? 0 : 1));  // which is layer1's

  // The stem by hand: its convolution, and its slopes after its norm.
  Tensor<float, Shape<4, 16, 16>> conv(2);
  Context<Host> plain{1, Arena(1 << 22)};
  auto& stem = weights.params.at<0>();
  nn::forward<networks::Named<"conv1", networks::Conv2d<3, 4, 3>>, Inference>(plain, stem, x.read(), conv.write(), Forget{});
  auto const first = outputs_of(memory.data(), "conv1");
  REQUIRE(first.size() == conv.size());
  CHECK(std::equal(first.begin(), first.end(), conv.span().begin()));
  // Every output was written by the pass, and one that is spoilt is found under its own name.
  for (auto const& name : names) {
    auto const values = outputs_of(memory.data(), name);
    CHECK(!values.empty());
    for (float const v : values) CHECK(v != -7.0f);
  }
}
