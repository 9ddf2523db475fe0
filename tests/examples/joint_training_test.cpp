#include <nlohmann/json.hpp>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip, test::slurp;
namespace fs = std::filesystem;

namespace {
std::string arguments(fs::path const& out, std::string const& more) {
  return "--out " + out.string() +
         " --threads 1 --people 4 --pictures 3 --set batch=4 --set synthetic.identities=3 --set synthetic.pictures=2"
         " --set stage1.steps=1 --set stage2.steps=1 --set stage3.steps=1 " +
         more;
}
}  // namespace

TEST_CASE("joint_training measures all arms of each seed, goes on where it stopped, and refuses other settings") {
  if (skip()) return;
  test::ScratchFolder const folder;
  auto const out = folder / "joint_training";
  auto const first = run(folder, "joint_training", arguments(out, "--seeds 5 --on development"));
  REQUIRE_MESSAGE(first.code == 0, first.error);
  CHECK(first.out.find("joint - control") != std::string::npos);
  auto const arms = nlohmann::json::parse(slurp(out / "seed_5/development.json"));
  REQUIRE(arms.size() == 3);
  for (auto const* const arm : {"stage 1", "control", "joint"}) {
    auto const& all = arms[arm]["all"];
    CHECK(all["same"] == 4 * 3);           // of each of 4 people 3 pairs
    CHECK(all["different"] == 6 * 3 * 3);  // of each of 6 pairs of people 9
    CHECK(arms[arm]["unoccluded"]["same"].get<int>() + arms[arm].value("/occluded/same"_json_pointer, 0) == 12);
  }

  fs::remove(out / "seed_5/development.json");  // as if stopped before: the trainings are not done again
  auto const model = fs::last_write_time(out / "seed_5/joint/state.safetensors");
  auto const again = run(folder, "joint_training", arguments(out, "--seeds 5 --on development"));
  CHECK(again.code == 0);
  CHECK(again.out == first.out);
  CHECK(fs::last_write_time(out / "seed_5/joint/state.safetensors") == model);

  auto const csv = slurp(out / "development.csv");
  CHECK(csv.starts_with("seed,arm,stratum,same,different,metric,value\n5,stage 1,all,12,54,TAR at FAR 1e-3,"));
  struct Case {
    std::string arguments, says;
  };
  for (auto const& c : {Case{arguments(out, "--seeds 5 --set flip=0"), "flip = 0.5"}, Case{"--on train", "--on"},
                        Case{"--set gamma_recon=0", "the weight 0"}, Case{"--set nothing=1", "known key"}}) {
    auto const ran = run(folder, "joint_training", c.arguments);
    CHECK_MESSAGE(ran.code == 2, c.arguments);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(lines(ran.error) <= 2);
  }
  test::spit(out / "settings.json", "{\"flip\": 1}");
  auto const damaged = run(folder, "joint_training", arguments(out, "--seeds 5"));
  CHECK(damaged.code == 2);
  CHECK(damaged.error.find("--out") != std::string::npos);
  CHECK(lines(damaged.error) == 1);
}
