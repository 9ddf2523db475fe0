#include <berl/nn/params.hpp>
#include <berl/nn/state.hpp>  // Weights

#include <doctest/doctest.h>
#include <string>

#include "small_network.hpp"

using namespace berl;
using namespace berl::nn;
using test::small::Net;

TEST_CASE("arrays are visited in order, under their names") {
  Weights<Net> net;
  std::string names;
  net.params.visit([&](Path const& path, auto&) { names += path.text + "\n"; }, Path{});
  std::string const norm[] = {"weight", "bias", "running_mean", "running_var"};
  std::string expected = "0.weight\n0.bias\n";
  for (std::string const block : {"layer1.0.", "layer1.1.", "layer1.2."}) {  // a Repeat counts as N
    for (auto const& n : norm) expected += block + "bn1." + n + "\n";
    expected += block + "conv1.weight\n" + block + "prelu.weight\n";
  }
  for (std::string const part : {"1.", "1.downsample."}) {  // what has a name takes no number
    expected += part + "0.weight\n";
    for (auto const& n : norm) expected += part + "1." + n + "\n";
  }
  expected += "3.weight\n";  // Flatten is 2
  CHECK(names == expected);
}

TEST_CASE("a Repeat that has a name visits its layers by number") {
  Weights<Named<"stage", Repeat<2, PReLU<3>>>> net;
  std::string names;
  net.params.visit([&](Path const& path, auto&) { names += path.text + " "; }, Path{});
  CHECK(names == "stage.0.weight stage.1.weight ");
}
