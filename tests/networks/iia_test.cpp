#include <berl/networks/iia.hpp>

#include "check_network.hpp"

using namespace berl;
using namespace berl::networks;
using Picture = Shape<3, 64, 64>;

static_assert(nn::SizesOf<ViewNet<>>::parameters == 1'739'776 && nn::macs<ViewNet<>, Picture>() == 27'788'800);
static_assert(nn::SizesOf<LightNet<>>::parameters == 1'739'264 && nn::macs<LightNet<>, Picture>() == 27'788'288);
static_assert(std::is_same_v<nn::OutputOf<ViewNet<>, Picture>, Shape<6, 1, 1>>);

TEST_CASE("view and light networks agree with the published code") {
  test::check_network<ViewNet<>, Picture, double>("net_encoder_view", "input", 0, 1e-9, 1e-9, 6);
  test::check_network<LightNet<>, Picture, double>("net_encoder_light", "input", 0, 1e-9, 1e-9, 6);
  test::check_network<ViewNet<>, Picture, float>("net_encoder_view", "input", 0, 2.8e-6, 4.6e-6, 6);
  test::check_network<LightNet<>, Picture, float>("net_encoder_light", "input", 0, 4.2e-6, 4.7e-6, 6);
}
