#include <berl/losses/npc_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("npc face follows the published code") {
  head_golden::follow_small(NpcFace{}, "head_npcface");
  head_golden::follow<double, 512>(NpcFace{}, "head_npcface", "big", 1000, 1);
}

TEST_CASE("npc face has the specification's check values") {
  head_golden::printed(NpcFace{}, 100.3320251, {-3.5896392, -1.8821858, 0.5090517, 1.4852100}, 16.3478510);
}

TEST_CASE("npc face without hard classes has its least margin, and with a constant margin its loss's gradient") {
  std::vector<double> const none;
  Own<double> own{0.5, 1};
  CHECK(NpcFace{.scale = 1}.target(own, static_cast<double const*>(nullptr)).logit == doctest::Approx(std::cos(std::acos(0.5) + 0.4)));
  own.others = {1.0, 2};
  CHECK(NpcFace{.scale = 1}.target(own, static_cast<double const*>(nullptr)).logit == doctest::Approx(std::cos(std::acos(0.5) + 0.5)));
  head_golden::differentiate(NpcFace{.scale = 8, .margin_rise = 0});
}
