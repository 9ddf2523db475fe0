#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>

#include "evaluated_sets.hpp"

using namespace berl;
using namespace berl::test;
namespace fs = std::filesystem;

TEST_CASE("evaluate ijb11: templates by every switch, in the layout of the paper's table") {
  if (skip()) return;
  Ijb const set;
  auto const strict = [&](std::string const& switches) {
    return value(results(set.folder, "ijb11" + set.common + switches), 0, "ours", "ours, strict", "1e-6");
  };
  // impostors at cos 80 (1, 4), of 2 and 3, and at cos 45 twice; (2, 4) is at cos 10, and (1, 3) at the angle of template 3
  CHECK(strict("") == 100);                                   // film 0.1 at 80, picture 1 at 0: 5.6 degrees
  CHECK(strict(" --no-detector") == 100);                     // film and picture alike: 40 degrees
  CHECK(strict(" --no-detector --aggregation plain") == 50);  // three frames to one picture: 62 degrees, farther than 45
  CHECK(strict(" --aggregation plain") == 100);

  auto const json = results(set.folder, "ijb11" + set.common);
  CHECK(value(json, 0, "paper", "3D-BERL", "1e-6") == 88.45);
  CHECK(value(json, 0, "paper", "ArcFace", "1e-6") == -1);
  CHECK(json["pairs"] == 6);
  CHECK(json["genuine"] == 2);
  CHECK(json["aggregation"] == "media");
  for (auto const* const rule : {"nearest", "strict", "quantile"}) CHECK(json["tar_at_far"][rule].size() == 6);
  CHECK(slurp(set.folder / "out/roc.svg").find(">3D-BERL of the paper<") != std::string::npos);
}

TEST_CASE("evaluate ijb11: a face's length counts unless it is switched off, and the mirrored face is added") {
  if (skip()) return;
  Ijb const set;
  // the frames are ten times as long as the picture: with N they turn template 3 to 76 degrees, without to 40
  auto embeddings = at({0, 90, 80, 80, 80, 0, 80, 45});
  for (std::size_t i = 4; i < 10; ++i) embeddings[i] *= 10;
  write(set.folder / "faces.safetensors", {{"embeddings", embeddings}});
  auto const strict = [&](std::string const& switches) {
    return value(results(set.folder, "ijb11" + set.common + " --no-detector" + switches), 0, "ours", "ours, strict", "1e-6");
  };
  CHECK(strict("") == 50);
  CHECK(strict(" --normalise") == 100);
  auto const mirrored = at({0, 90, -80, -80, -80, 0, 80, 45}, 10);  // which turns the frames to 0 degrees
  write(set.folder / "faces.safetensors", {{"embeddings", embeddings}, {"mirrored", mirrored}});
  auto const with = "ijb11 --meta " + set.meta + " --features " + set.features + " --no-detector";
  CHECK(value(results(set.folder, with), 0, "ours", "ours, strict", "1e-6") == 100);
}

TEST_CASE("evaluate ijb1n: each gallery by itself, and the older form") {
  if (skip()) return;
  Ijb const set;
  // gallery 1 (0 degrees): probes 3 and 5 are mated, at 5.6 and 45 degrees, probe 4 at 80 is not; gallery 2 (90): 4 at 10, 3 at 84, 5 at 45
  auto const json = results(set.folder, "ijb1n --joined" + set.common);
  CHECK(value(json, 0, "ours", "ours", "rank-1") == 100);  // in each gallery there is nobody else
  CHECK(value(json, 0, "ours", "  gallery 1", "TPIR@0.1") == 100);
  CHECK(value(json, 0, "ours", "  gallery 2", "TPIR@0.1") == 100);
  CHECK(json["probes"] == 3);
  CHECK(json["galleries"][0]["mated_probes"] == 2);
  CHECK(json["galleries"][1]["mated_probes"] == 1);
  // joined: mates at 5.6, 10 and 45 degrees; the nearest of others is 5 at 45 from the second
  CHECK(value(json, 1, "ours", "ours", "0.01") == doctest::Approx(200 / 3.0));

  spit(set.folder / "meta/ijbc_1N_probe_mixed.csv", "TEMPLATE_ID,SUBJECT_ID\n4,10\n3,20\n5,10\n");  // 4 is nearer to 2, and 3 to 1
  auto const wrong = results(set.folder, "ijb1n" + set.common);
  CHECK(value(wrong, 0, "ours", "  gallery 1", "TPIR@0.01") == doctest::Approx(0));  // the stranger 3 is at 5.6 degrees
}

TEST_CASE("evaluate ijb-occlusion: faces, templates and pairs that are left, and their numbers") {
  if (skip()) return;
  Ijb const set;
  spit(set.folder / "occluded.txt", "1\n1\n0\n0\n0\n1\n1\n0\n");  // of template 3 the picture, of 5 nothing
  auto const json = results(
      set.folder, "ijb-occlusion --no-detector --aggregation plain" + set.common + " --occluded " + (set.folder / "occluded.txt").string());
  CHECK(json["faces"] == 4);
  CHECK(json["templates"] == 4);
  CHECK(json["pairs"] == 4);
  CHECK(json["official_pairs"] == 6);
  CHECK(value(json, 0, "paper", "InterpretFR", "1e-3") == 89.80);
  CHECK(value(json, 0, "ours", "ours, strict", "1e-6") == 100);  // of all faces it is 50, as above
}

TEST_CASE("evaluate ijb11: with a model, faces are aligned by their points, and features that were saved give the same") {
  if (skip()) return;
  Ijb const set;
  test::train_shortly(set.folder);
  fs::create_directories(set.folder / "loose_crop");
  data::SyntheticFaces const faces({.identities = 4, .pictures_per_identity = 2});
  for (int i = 0; i < 8; ++i) io::write_jpeg(set.folder / ("loose_crop/" + std::to_string(i + 1) + ".jpg"), faces.load(i));
  auto const saved = (set.folder / "saved.safetensors").string(), meta = " --meta " + set.meta;
  auto const first = evaluate(set.folder, "ijb11 --threads 1 --model " + test::model_in(set.folder) + meta + " --images " +
                                              (set.folder / "loose_crop").string() + " --save-features " + saved);
  REQUIRE_MESSAGE(first.code == 0, first.error);
  auto const again = evaluate(set.folder, "ijb11" + meta + " --features " + saved);
  CHECK(again.out == first.out);
  auto const file = io::SafeTensors::read(saved);
  CHECK(file.shape("embeddings")[0] == 8);
  CHECK(file.shape("mirrored") == file.shape("embeddings"));
}
