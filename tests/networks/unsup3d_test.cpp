#include <berl/networks/unsup3d.hpp>

#include "check_network.hpp"

using namespace berl;
using namespace berl::networks;
using Picture = Shape<3, 64, 64>;

static_assert(nn::SizesOf<Unsup3dDepthNet<>>::parameters == 12'979'648 && nn::macs<Unsup3dDepthNet<>, Picture>() == 936'640'512);
static_assert(nn::SizesOf<Unsup3dAlbedoNet<>>::parameters == 12'982'848 && nn::macs<Unsup3dAlbedoNet<>, Picture>() == 949'747'712);
static_assert(nn::SizesOf<PixelConfidenceNet<>>::parameters ==
              nn::SizesOf<ConfidenceNet<>::Trunk>::parameters + nn::SizesOf<ConfidenceNet<>::Pixels>::parameters);
static_assert(nn::SizesOf<PixelConfidenceNet<>>::parameters + nn::SizesOf<ConfidenceNet<>::Features>::parameters == 7'678'208);
static_assert(nn::macs<PixelConfidenceNet<>, Picture>() ==
              nn::macs<ConfidenceNet<>::Trunk, Picture>() +
                  nn::macs<ConfidenceNet<>::Pixels, nn::OutputOf<ConfidenceNet<>::Trunk, Picture>>());
static_assert(std::is_same_v<nn::OutputOf<PixelConfidenceNet<16>, Picture>, Shape<2, 64, 64>>);  // a quarter of the width, the same maps
static_assert(nn::SizesOf<PixelConfidenceNet<16>>::parameters < nn::SizesOf<PixelConfidenceNet<>>::parameters / 15);

TEST_CASE("Unsup3D's depth and albedo networks agree with the published code") {
  // stored as float32, hence 1e-6; float: ten times PyTorch's own deviation
  test::check_network<Unsup3dDepthNet<>, Picture, double>("net_eddeconv_depth", "input", 0, 1e-6, 1e-6, 38);
  test::check_network<Unsup3dAlbedoNet<>, Picture, double>("net_eddeconv_albedo", "input", 0, 1e-6, 1e-6, 38);
  test::check_network<Unsup3dDepthNet<>, Picture, float>("net_eddeconv_depth", "input", 0, 1.5e-5, 5e-2, 38);  // a sign at a kink may flip
}

TEST_CASE("the confidence network agrees with the published code, both of its outputs") {
  test::Golden const golden("net_confnet");
  constexpr int batch = 2;
  using Net = ConfidenceNet<>;
  using Maps = nn::OutputOf<Net::Trunk, Picture>;
  test::GoldenNetwork<Net::Trunk, Picture, double> trunk(golden, batch);
  test::GoldenNetwork<Net::Pixels, Maps, double> pixels(golden, batch);
  test::GoldenNetwork<Net::Features, Maps, double> features(golden, batch);
  Context<Host> ctx;
  ctx.threads = 2;
  ctx.scratch = Arena(nn::scratch<Net::Trunk, double, Picture>(batch, 2) + nn::scratch<Net::Pixels, double, Maps>(batch, 2));
  trunk.copy_in(golden, "input", trunk.x);
  pixels.copy_in(golden, "gy0", pixels.dy);
  features.copy_in(golden, "gy1", features.dy);
  Pass<double> const a(trunk.kept, 1, 1), b(pixels.kept, 1, 1), c(features.kept, 1, 1);
  nn::forward<Net::Trunk, Training>(ctx, trunk.weights.params, trunk.x.read(), trunk.y.write(), a);
  nn::forward<Net::Pixels, Training>(ctx, pixels.weights.params, trunk.y.read(), pixels.y.write(), b);
  nn::forward<Net::Features, Training>(ctx, features.weights.params, trunk.y.read(), features.y.write(), c);
  nn::backward<Net::Pixels, Training>(ctx, pixels.weights.params, trunk.y.read(), pixels.dy.read(), pixels.dx.write(), b);
  nn::backward<Net::Features, Training>(ctx, features.weights.params, trunk.y.read(), features.dy.read(), pixels.dx.add(), c);
  nn::backward<Net::Trunk, Training>(ctx, trunk.weights.params, trunk.x.read(), pixels.dx.read(), trunk.dx.write(), a);
  // stored as float32
  CHECK(golden.compare("y0", test::plain(pixels.y)).relative_l2 < 1e-6);
  CHECK(golden.compare("y1", test::plain(features.y)).relative_l2 < 1e-6);
  CHECK(golden.compare("gx", test::plain(trunk.dx)).relative_l2 < 1e-6);
  CHECK(trunk.compare(golden).worst < 1e-6);
  CHECK(pixels.compare(golden).worst < 1e-6);
  CHECK(features.compare(golden).worst < 1e-6);
  CHECK(trunk.compare(golden).compared + pixels.compare(golden).compared + features.compare(golden).compared == 26);
}
