#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/margin_head.hpp>
#include <berl/nn/array.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "small_network.hpp"

using namespace berl;
using namespace berl::test::small;

TEST_CASE("each array of a network comes with its name, extents, values, and whether it is trained") {
  nn::Weights<Net> weights;
  float number = 0;
  weights.params.visit([&](Nameless, auto& array) { *array.value() = number++; }, Nameless{});

  std::vector<std::string> names, trained;
  std::vector<float> firsts;
  std::size_t elements = 0;
  bool fits = true;
  auto const note = [&](nn::Array<float> const& array) {
    names.push_back(array.name);
    if (array.trainable) trained.push_back(array.name);
    firsts.push_back(array.values.front());
    std::int64_t product = 1;
    for (auto const extent : array.extents) product *= extent;
    fits = fits && product == static_cast<std::int64_t>(array.values.size());
    elements += array.values.size();
    if (array.name == "0.weight") CHECK(array.extents == std::vector<std::int64_t>{3, 3, 3, 3});
    if (array.name == "0.bias") CHECK(array.extents == std::vector<std::int64_t>{3});
  };
  weights.params.visit(nn::Each<float>(note), Path{});
  CHECK(fits);
  CHECK(names.size() == static_cast<std::size_t>(number));
  for (std::size_t k = 0; k < firsts.size(); ++k) CHECK(firsts[k] == static_cast<float>(k));  // in the order of any other visit
  // by hand: a convolution with bias, three blocks of a norm's four arrays, a convolution and a slope, then two branches, then slopes
  CHECK(names.size() == 2 + 3 * 6 + 2 * 5 + 1);
  CHECK(trained.size() == names.size() - 2 * 5);
  CHECK(elements == 84 + 3 * (12 + 81 + 3) + (135 + 20) + (15 + 20) + 60);
  CHECK(names[2] == "layer1.0.bn1.weight");
  CHECK(names[4] == "layer1.0.bn1.running_mean");
  CHECK(std::find(trained.begin(), trained.end(), "layer1.0.bn1.running_mean") == trained.end());

  weights.params.visit(nn::Each<float>([](nn::Array<float> const& array) { array.values.back() = 7; }), Path{});
  CHECK(weights.params.at<0>().bias.value()[2] == 7);
}

TEST_CASE("class weights and learnt numbers have a row for each person, a head's state has none") {
  losses::HeadParams<double, Shape<5>, Host> head;
  losses::HeadLayout const layout = losses::layout_of(losses::AdaptiveFace{});
  std::vector<double> memory(losses::HeadParams<double, Shape<5>, Host>::numbers(layout, 3) + 16 + 16);
  head.place(layout, 3, memory.data(), memory.data(), memory.data());
  CHECK(nn::extents_of(head.weight) == std::vector<std::int64_t>{3, 5});
  CHECK(nn::extents_of(head.number) == std::vector<std::int64_t>{3});
  CHECK(nn::extents_of(head.state[0]) == std::vector<std::int64_t>{1});
  std::vector<std::vector<std::int64_t>> extents;
  head.visit(nn::Each<double>([&](nn::Array<double> const& array) { extents.push_back(array.extents); }), Path{"head"});
  CHECK(extents == std::vector<std::vector<std::int64_t>>{{3, 5}, {3}});
}
