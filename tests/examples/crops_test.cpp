#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip, test::spit;

TEST_CASE("Unsup3D trains on the crops of a list, and nothing that needs names does") {
  if (skip()) return;
  test::ScratchFolder const folder;
  std::filesystem::create_directories(folder / "pictures");
  data::SyntheticFaces const faces({.seed = {5}, .identities = 3, .pictures_per_identity = 1, .options = {}});
  std::string list;
  for (int i = 0; i < 3; ++i) {
    auto const name = std::to_string(i) + ".png";
    io::write_png((folder / "pictures" / name).string(), faces.load(i));
    list += name + (i < 2 ? " 0" : " 2") + " -6 -6 124 124\n";
  }
  spit(folder / "crops.txt", list);
  std::string const data = "--data " + (folder / "pictures").string() + " --crops " + (folder / "crops.txt").string();
  auto const trained =
      run(folder, "train",
          data + " --preset unsup3d --out " + (folder / "out").string() + " --set stage2.steps=2 --set batch=2 --set log.every=1");
  CHECK_MESSAGE(trained.code == 0, trained.error);
  CHECK(std::filesystem::exists(folder / "out/faces.png"));
  auto const planned = run(folder, "train", data + " --preset unsup3d --dry-run");
  CHECK_MESSAGE(planned.out.find("2 pictures of 1 identities") != std::string::npos, planned.out);

  struct Case {
    std::string arguments, says;
  };
  for (auto const& c : {Case{data + " --dry-run", "--crops: found stages that learn who is who; expected stage 2 alone"},
                        Case{"--data synthetic --preset unsup3d --dry-run --crops " + (folder / "crops.txt").string(),
                             "--crops: found " + (folder / "crops.txt").string() + " for --data synthetic"},
                        Case{data + "x --preset unsup3d --dry-run", "crops.txtx: found no file that can be read"}}) {
    auto const ran = run(folder, "train", c.arguments);
    CHECK(ran.code == 2);
    CHECK(lines(ran.error) == 1);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
  }
}
