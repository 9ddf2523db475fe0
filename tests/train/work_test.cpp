#include <berl/train/work.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::train;

namespace {
struct Counted {
  static constexpr std::int64_t trunk_macs = 30, backbone_macs = 100, auxiliary_macs = 10, confidence_macs = 5;
};
}  // namespace

TEST_CASE("a picture's work: forward once, gradients twice as much, of what the stage trains") {
  Config config;
  CHECK(image_work<Counted>(config, Stage::recognition) == 3 * 2 * 100);
  CHECK(image_work<Counted>(config, Stage::reconstruction) == 2 * 30 + 3 * 2 * 10);  // the trunk is not trained
  CHECK(image_work<Counted>(config, Stage::joint) == 3 * 2 * (100 + 10));
  config.confidence = true;
  CHECK(image_work<Counted>(config, Stage::joint) == 3 * 2 * (100 + 15));
  config.gamma_recon = 0;
  CHECK(image_work<Counted>(config, Stage::joint) == 3 * 2 * 100);
}

TEST_CASE("what is left: the rest of this stage, and those behind it") {
  Config config;
  config.batch = 4;
  long const steps[3] = {10, 5, 2};
  CHECK(work_left<Counted>(config, Stage::recognition, 8, steps) == 4 * (2 * 600 + 5 * 120 + 2 * 660));
  CHECK(work_left<Counted>(config, Stage::reconstruction, 0, steps) == 4 * (5 * 120 + 2 * 660));
  CHECK(work_left<Counted>(config, Stage::joint, 2, steps) == 0);
}
