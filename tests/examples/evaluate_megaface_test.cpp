
#include "evaluated_sets.hpp"

using namespace berl;
using namespace berl::test;
namespace fs = std::filesystem;

TEST_CASE("evaluate megaface: feature files and arrays, and noise that is cleaned") {
  if (skip()) return;
  Mega const set;
  // probe 0: mates 10 and 30 away, distractors 15 and 35; 10: mates 10 and 20, distractor 5; 30: 20 and 30, 5; 100: 90, 65; 190: 90, 60
  auto const json = results(set.folder, "megaface" + set.files);
  CHECK(value(json, 0, "ours", "ours", "rank-1") == doctest::Approx(100 / 8.0));
  CHECK(value(json, 0, "paper", "3D-BERL", "rank-1") == 98.63);
  CHECK(json["cmc"].size() == 10);
  CHECK(json["identities"] == 2);
  CHECK(json["distractors"] == 3);

  write(set.folder / "probes.safetensors", {{"embeddings", at(set.probes, 2)}});
  write(set.folder / "distractors.safetensors", {{"embeddings", at(set.distractors)}});
  auto const arrays = set.lists + " --probes-from " + (set.folder / "probes.safetensors").string() + " --distractors-from " +
                      (set.folder / "distractors.safetensors").string();
  auto const same = results(set.folder, "megaface" + arrays);
  CHECK(same["cmc"] == json["cmc"]);
  CHECK(results(set.folder, "megaface --threads 3" + arrays)["cmc"] == json["cmc"]);

  // without the first distractor, 0 has 35 as the nearest: both mates; 10 has 25: both; 30 has 5, 100 65, 190 60
  spit(set.folder / "mf_noise.txt", "# noisy\n1\t00/x@y/0.jpg\n");
  auto const clean = results(set.folder, "megaface" + arrays + " --distractor-noise " + (set.folder / "mf_noise.txt").string());
  CHECK(value(clean, 0, "ours", "ours", "rank-1") == doctest::Approx(100 * 4 / 8.0));
  CHECK(clean["noisy_distractors"] == 1);
  // and picture 3, at 30, becomes the sum of those at 0 and 10: 5, which is 30 from 35, 5 from both mates
  spit(set.folder / "fs_noise.txt", "# noisy\n3.png\n");
  auto const both = results(set.folder, "megaface" + arrays + " --distractor-noise " + (set.folder / "mf_noise.txt").string() +
                                            " --probe-noise " + (set.folder / "fs_noise.txt").string());
  CHECK(value(both, 0, "ours", "ours", "rank-1") == doctest::Approx(100 * 6 / 8.0));
  CHECK(both["noisy_probes"] == 1);

  // what the kit would have written is read again
  auto const kit = set.folder / "out/megaface.json";
  REQUIRE(std::filesystem::exists(kit));
  CHECK(nlohmann::json::parse(slurp(kit))["cmc"][1][0].get<double>() == both["cmc"][0].get<double>());
  spit(set.folder / "theirs.json", R"({"cmc": [[0, 1], [0.25, 0.5]], "roc": [[0, 1], [0.5, 1]]})");
  auto const beside = results(set.folder, "megaface" + arrays + " --beside " + (set.folder / "theirs.json").string());
  CHECK(value(beside, 1, "ours", "theirs", "2") == 50);
  CHECK(beside["roc"].contains("theirs"));
}
