#pragma once
#include <berl/nn/conv2d.hpp>
#include <berl/nn/linear.hpp>  // Flatten
#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/sequential.hpp>

/// A small network with every way of putting layers together.
namespace berl::test::small {
using namespace nn;
using In = Shape<3, 7, 6>;
struct Body : Sequential<Named<"bn1", BatchNorm<3>>, Named<"conv1", Conv2d<3, 3, 3>>, Named<"prelu", PReLU<3>>> {};
struct Block : Residual<Body> {};
struct Down : Residual<Sequential<Conv2d<3, 5, 3, 2>, BatchNorm<5>>, Named<"downsample", Sequential<Conv2d<3, 5, 1, 2>, BatchNorm<5>>>> {};
struct Net : Sequential<Conv2d<3, 3, 3, 1, 1, Bias>, Named<"layer1", Sequential<Block, Repeat<2, Block>>>, Down, Flatten, PReLU<60>> {};
}  // namespace berl::test::small
