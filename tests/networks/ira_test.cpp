#include <berl/networks/ira.hpp>
#include <berl/testing/gradcheck.hpp>

#include "check_network.hpp"

using namespace berl;
using namespace berl::networks;
using Tap = Shape<256, 14, 14>;

static_assert(nn::SizesOf<TinyEncoder<>>::parameters == 5'243'392 && nn::macs<TinyEncoder<>, Tap>() == 102'760'448);
static_assert(nn::SizesOf<DepthNet<>>::parameters == 13'369'408 && nn::macs<DepthNet<>, Tap>() == 933'494'784);
static_assert(nn::SizesOf<AlbedoNet<>>::parameters == 13'372'608 && nn::macs<AlbedoNet<>, Tap>() == 946'601'984);
static_assert(std::is_same_v<nn::OutputOf<AlbedoNet<>, Tap>, Shape<3, 64, 64>>);

TEST_CASE("the tiny encoder's gradients are right, and its arrays have the names of the file format") {
  using Small = TinyEncoder<8, 12, 4>;
  auto const g = testing::check_gradients<Small, Training, Shape<8, 14, 14>>();
  CHECK(g.finite);
  CHECK(g.worst < 1e-6);  // central differences of step 1e-5 leave 1e-10 of the third derivative, and kinks none here
  nn::Weights<DepthNet<8, 4>> net;
  std::string names;
  net.params.visit([&](Path const& path, auto&) { names += path.text + " "; }, Path{});
  CHECK(names.starts_with(
      "encoder.0.weight encoder.1.weight encoder.1.bias encoder.3.weight encoder.5.weight decoder.0.weight decoder.2.weight "
      "decoder.4.weight decoder.5.weight decoder.5.bias decoder.7.weight "));
  CHECK(names.ends_with("decoder.26.weight decoder.27.weight decoder.27.bias decoder.29.weight "));
}
