#include <berl/networks/decoder.hpp>

#include "check_network.hpp"

using namespace berl;
using namespace berl::networks;
using Code = Shape<256, 1, 1>;

static_assert(nn::SizesOf<DepthDecoder<>>::parameters == 8'126'016 && nn::macs<DepthDecoder<>, Code>() == 830'734'336);
static_assert(nn::SizesOf<AlbedoDecoder<>>::parameters == 8'129'216 && nn::macs<AlbedoDecoder<>, Code>() == 843'841'536);

TEST_CASE("the decoders agree with the published code") {
  // outputs and gradients are stored as float32, hence 1e-6; the float limits are ten times PyTorch's own deviation
  test::check_network<DepthDecoder<>, Code, double>("net_decoder_depth", "z", 13, 1e-6, 1e-6, 27);
  test::check_network<AlbedoDecoder<>, Code, double>("net_decoder_albedo", "z", 13, 1e-6, 1e-6, 27);
  test::check_network<DepthDecoder<>, Code, float>("net_decoder_depth", "z", 13, 1.1e-5, 5.6e-2, 27);
  test::check_network<AlbedoDecoder<>, Code, float>("net_decoder_albedo", "z", 13, 1.1e-5, 4.4e-3, 27);
}
