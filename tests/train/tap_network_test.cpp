#include <berl/networks/iresnet.hpp>
#include <berl/train/tap_network.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;

namespace {
struct Backbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
template <class Task, int K>
using Tuned = train::TapNetworkOf<Backbone, networks::PooledAttributeHead<16, 8, K>, Task>;

std::vector<float> said(train::TapNetwork& network, Tensor<float, train::TapNetwork::Input> const& x) {
  std::vector<float> all(static_cast<std::size_t>(x.batch() * network.outputs()));
  network.predict(x.read(), all);
  return all;
}
}  // namespace

TEST_CASE("tap network: the trunk that one task has trained is the start of another, and nothing else is taken") {
  test::ScratchFolder const folder;
  Tensor<float, train::TapNetwork::Input> x(3);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 255) / 127 - 1;
  Tuned<train::ClassTask, 4> pretext({.batch = 3, .seed = 1});
  CHECK(pretext.outputs() == 4);
  pretext.begin(optim::Constant{.rate = 0.01});
  std::vector<float> const classes{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  auto const first = pretext.step(x.read(), classes);
  train::TapResult last;
  for (int k = 0; k < 10; ++k) last = pretext.step(x.read(), classes);
  CHECK(last.loss < first.loss);
  pretext.save(folder / "pretext.safetensors", {.network = "tiny"});
  auto const file = io::SafeTensors::read(folder / "pretext.safetensors");
  CHECK(file.metadata("format") == "berl classes");
  CHECK(file.contains("classes.fc2.bias"));
  CHECK(file.contains("layer3.1.bn3.running_var"));
  CHECK_FALSE(file.contains("layer4.0.conv1.weight"));

  Tuned<train::AttributeTask, 2> a({.batch = 3, .seed = 2}), b({.batch = 3, .seed = 2});
  auto const fresh = said(a, x);
  CHECK(fresh == said(b, x));
  a.load_trunk(file), b.load_trunk(file);
  CHECK(fresh != said(a, x));
  CHECK(said(a, x) == said(b, x));
  a.save(folder / "a.safetensors", {.network = "tiny"});
  auto const saved = io::SafeTensors::read(folder / "a.safetensors");
  CHECK(saved.get<float>("conv1.weight") == file.get<float>("conv1.weight"));
  CHECK(saved.contains("attr.fc1.weight"));
}

TEST_CASE("tap network: a file of another network changes nothing, and says which array") {
  test::ScratchFolder const folder;
  io::SafeTensorsWriter writer;
  std::vector<float> const wrong(10);
  writer.add("conv1.weight", {10}, std::span(wrong));
  writer.write(folder / "wrong.safetensors", io::Previous::Drop);
  Tuned<train::AttributeTask, 2> network({.batch = 2});
  CHECK(test::message_of<Error>([&] {
          network.load_trunk(io::SafeTensors::read(folder / "wrong.safetensors"));
        }).find("array 'conv1.weight': found shape [10]; expected [4, 3, 3, 3]") != std::string::npos);
  CHECK(network.first_not_finite() == "the losses");
}
