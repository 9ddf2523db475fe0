#include <berl/io/backbone.hpp>

#include <doctest/doctest.h>

#include "scratch_folder.hpp"

using namespace berl;

namespace {
struct Small {
  using Input = Shape<3, 4, 4>;
  struct Trunk : nn::Sequential<nn::Named<"conv1", nn::Conv2d<3, 1, 3>>, nn::Named<"bn1", nn::BatchNorm<1>>> {};
  struct Top : nn::Sequential<nn::Named<"fc", nn::Linear<16, 2>>> {};
};
io::SafeTensors written(test::ScratchFolder const& folder, std::string const& more) {
  io::SafeTensorsWriter writer;
  writer.add("conv1.weight", {1, 3, 3, 3}, std::vector<float>(27, 2));
  writer.add("bn1.weight", {1}, std::vector<float>{3});
  writer.add("bn1.bias", {1}, std::vector<float>{5});
  writer.add("bn1.running_mean", {1}, std::vector<float>{7});
  writer.add("bn1.running_var", {1}, std::vector<float>{0.25f - 1e-5f});
  writer.add("fc.weight", {2, 16}, std::vector<float>(32, 11));
  writer.add("fc.bias", {2}, std::vector<double>{1, -1});
  writer.add(more, {1}, std::vector<float>{0});
  writer.write(folder / "f.safetensors");
  return io::SafeTensors::read(folder / "f.safetensors");
}
}  // namespace

TEST_CASE("backbone: weights by name, and folded; other parts of a model are left out") {
  test::ScratchFolder const folder;
  auto const file = written(folder, "head.weight");
  auto const weights = io::read_backbone<Small, float>(file);
  CHECK(weights->trunk.at<0>().named.weight.value()[26] == 2);
  CHECK(weights->trunk.at<1>().named.bias.value()[0] == 5);
  CHECK(weights->top.at<0>().named.weight.value()[31] == 11);
  CHECK(weights->top.at<0>().named.bias.value()[1] == -1);
  auto const folded = io::read_folded_backbone<Small, float>(file);  // the variance makes the scale 3 / 0.5
  CHECK(folded->trunk.at<0>().weight.value()[0] == doctest::Approx(12).epsilon(1e-6));
  CHECK(folded->trunk.at<0>().bias.value()[0] == doctest::Approx(6 * (0 - 7) + 5).epsilon(1e-6));
}

TEST_CASE("backbone: arrays of another network are refused") {
  test::ScratchFolder const folder;
  auto const file = written(folder, "layer1.0.bn1.weight");
  auto const message = test::message_of<Error>([&] { (void)io::read_backbone<Small, float>(file); });
  CHECK(message.find("array 'layer1.0.bn1.weight': found an array of shape [1]; expected no array of that name") != std::string::npos);
}
