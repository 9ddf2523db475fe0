#include <berl/nn/sizes.hpp>

#include <doctest/doctest.h>
#include <type_traits>

#include "small_network.hpp"

using namespace berl;
using namespace berl::nn;
using namespace berl::test::small;

namespace {
// By hand, for a batch of 2 in float, where blocks are padded to 16 elements.
constexpr std::size_t map = 256, half = 128;          // 2 * 126 = 252 and 2 * 60 = 120, padded
constexpr std::size_t of_block = 2 * 16 + map;        // mean and deviation, and what lies after conv1; what lies after bn1 comes again
constexpr std::size_t of_down = 2 * (half + 2 * 16);  // body and shortcut: what lies after the convolution, mean and deviation
}  // namespace

static_assert(std::is_same_v<OutputOf<Net, In>, Shape<60>>);
static_assert(std::is_same_v<HiddenOf<Net, In, 3>, Shape<5, 4, 3>>);

TEST_CASE("what a pass keeps is what lies between the layers, and what the layers keep") {
  CHECK(kept<Block, float, In>(2) == of_block);
  CHECK(kept<Repeat<2, Block>, float, In>(2) == 2 * of_block + map);
  CHECK(kept<Down, float, In>(2) == of_down);
  CHECK(kept<Net, float, In>(2) == map + (3 * of_block + 2 * map) + map + of_down + half + half);
}

TEST_CASE("what goes back and forth lies in two blocks of scratch") {
  CHECK(scratch<Sequential<ReLU, ReLU, ReLU>, float, In>(2, 1) == 2 * 4 * map);  // two blocks to go back and forth
  CHECK(scratch<Sequential<ReLU>, float, In>(2, 1) == 0);                        // nothing lies between
  CHECK(kept<Sequential<ReLU>, float, In>(2) == 0);
  CHECK(scratch<Repeat<3, ReLU>, float, In>(2, 1) == 2 * 4 * map);
  // beside a convolution, a norm's three sums for each of 2 samples and 3 channels, in doubles padded to 8
  using Conv = Conv2d<3, 3, 3>;
  CHECK(scratch<Sequential<Conv, BatchNorm<3>>, float, In>(2, 1) == scratch<Conv, float, In>(2, 1) + 2 * 4 * map + 24 * 8);
  CHECK(scratch<Sequential<BatchNorm<3>, Conv>, float, In>(2, 1) == scratch<Conv, float, In>(2, 1) + 2 * 4 * map + 24 * 8);
  CHECK(scratch<Sequential<ReLU, BatchNorm<3>>, float, In>(2, 1) == scratch<BatchNorm<3>, float, In>(2, 1) + 2 * 4 * map);
}

TEST_CASE("multiply-adds are those of convolutions and linear layers") {
  CHECK(macs<Block, In>() == 42 * 3 * 3 * 9);
  CHECK(macs<Net, In>() == 4 * (42 * 3 * 3 * 9) + 12 * 5 * 3 * (9 + 1));
}
