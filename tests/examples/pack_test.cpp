#include <berl/data/attributes.hpp>
#include <berl/data/ijb.hpp>
#include <berl/data/image_folder.hpp>
#include <berl/data/megaface.hpp>
#include <berl/data/record_faces.hpp>
#include <berl/data/record_list.hpp>
#include <berl/data/verification_set.hpp>

#include "run_program.hpp"

using namespace berl;
using test::run, test::skip;

namespace {
/// The synthetic world as a set of that format; 5 people, 4 pictures of each.
std::string packed(test::ScratchFolder const& folder, std::string const& format, std::string const& name) {
  auto const out = (folder / name).string();
  auto const ran = run(folder, "pack", "--data synthetic --identities 5 --pictures 4 --format " + format + " --out " + out);
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  return out;
}
}  // namespace

TEST_CASE("pack: records, their companions, and folders of them") {
  if (skip()) return;
  test::ScratchFolder const folder;
  auto const out = packed(folder, "rec", "sub/train");
  data::RecordFaces const faces(out + ".rec");
  CHECK(faces.size() == 20);
  CHECK(faces.identities() == 5);
  CHECK(faces.label(7) == 1);
  CHECK(data::read_property((folder / "sub/property").string()).identities == 5);
  CHECK(data::read_lst(out + ".lst")[4].labels == std::vector<float>{1});
  auto const back = (folder / "back").string();
  REQUIRE(run(folder, "pack", "--data " + out + ".rec --format folder --out " + back).code == 0);
  data::ImageFolder const pictures(back);
  REQUIRE(pictures.size() == 20);
  CHECK(pictures.load(6) == faces.load(6));
  auto const again = run(folder, "pack", "--data " + back + " --out " + (folder / "again").string());
  CHECK_MESSAGE(again.code == 0, again.error);
  CHECK(data::RecordFaces((folder / "again.rec").string()).size() == 20);
  std::filesystem::copy(folder / "again.lst", folder / "back/listed.lst");  // whose paths are relative to its folder
  auto const listed = run(folder, "pack", "--data " + back + "/listed.lst --out " + (folder / "listed").string());
  CHECK_MESSAGE(listed.code == 0, listed.error);
  CHECK(test::slurp(folder / "listed.rec") == test::slurp(folder / "again.rec"));
  auto const trained = run(folder, "train", "--data " + back + "/listed.lst --dry-run");
  CHECK_MESSAGE(trained.code == 0, trained.error);
  CHECK(trained.out.find("20 pictures of 5 identities") != std::string::npos);
  for (char const* const program : {"train", "pack"}) {
    auto const marked = run(folder, program, "--data " + back + "/listed.lst --landmarks x.csv --out " + (folder / "x").string());
    CHECK(marked.code == 2);
    CHECK_MESSAGE(marked.error.find("--landmarks: found x.csv for --data") != std::string::npos, marked.error);
  }
  auto const pairs = folder / "back/pairs.csv";
  test::spit(pairs, "000000/0001.png,000000/0002.png,1\n000000/0001.png,000001/0001.png,0\n");
  REQUIRE(run(folder, "pack", "--pairs " + pairs.string() + " --format bin --out " + (folder / "v.bin").string()).code == 0);
  CHECK(data::VerificationSet((folder / "v.bin").string()).same() == std::vector<std::uint8_t>{1, 0});
  auto const half = run(folder, "pack", "--data synthetic --format ijb --pictures 1 --out " + (folder / "half").string());
  CHECK(half.code == 2);
  CHECK_MESSAGE(half.error.find("--pictures: found 1 with --format ijb; expected at least 2") != std::string::npos, half.error);
  CHECK(!std::filesystem::exists(folder / "half"));
  for (char const* const wrong : {"--format bin --data", "--format ijb --data"}) {
    auto const refused = run(folder, "pack", std::string(wrong) + " " + back + " --out " + (folder / "x").string());
    CHECK(refused.code == 2);
    CHECK(test::lines(refused.error) == 1);
  }
}

TEST_CASE("pack: the synthetic world as verification, template, MegaFace and attribute sets") {
  if (skip()) return;
  test::ScratchFolder const folder;
  data::VerificationSet const bin(packed(folder, "bin", "v.bin"));
  CHECK(bin.pairs() == 20);
  CHECK(bin.load(0).width == 112);

  auto const ijb = data::read_template_set(packed(folder, "ijb", "ijb"), "ijbc");
  CHECK(ijb.faces.size() == 20);
  CHECK(ijb.pairs.size() == 25);
  CHECK(ijb.galleries.size() == 2);
  CHECK(ijb.galleries[0].size() + ijb.galleries[1].size() == 5);
  CHECK(ijb.probes.size() == 5);
  CHECK(ijb.faces.occluded.size() == 20);
  CHECK(data::occluded_only(ijb.faces, ijb.pairs).pairs.size() < 25);
  for (auto const& points : ijb.faces.landmarks) {
    CHECK(points[0].x < points[1].x);                          // the viewer's left first
    CHECK(points[4].y > (points[0].y + points[1].y) / 2 + 5);  // the mouth lies lower
  }

  auto const mega = packed(folder, "megaface", "mega");
  auto const probes = data::read_image_list(mega + "/facescrub_features_list.json");
  auto const distractors = data::read_image_list(mega + "/megaface_features_list.json");
  REQUIRE(probes.paths.size() == 8);
  CHECK(distractors.paths.size() == 12);
  CHECK(data::identity_of_path(probes.paths[5]) == probes.identities[5]);
  CHECK(data::read_noise_list(mega + "/megaface_noises.txt") == std::vector<std::string>{distractors.paths.back()});
  CHECK(std::filesystem::exists(mega + "/facescrub/" + probes.paths[0]));

  auto const celeba = packed(folder, "celeba", "celeba");
  auto const list = data::read_celeba(celeba + "/list_attr_celeba.txt", celeba + "/list_eval_partition.txt");
  CHECK(list.size() == 20);
  CHECK(list.of(data::AttributeSplit::test).size() == 4);
  CHECK(data::read_celeba_landmarks(celeba + "/list_landmarks_celeba.txt").size() == 20);
  CHECK(data::read_celeba_identities(celeba + "/identity_CelebA.txt").identities[19] == 5);
  auto const lfwa = data::read_lfwa(packed(folder, "lfwa", "lfwa") + "/lfwa.txt");
  CHECK(lfwa.values == list.values);
}
