#include <berl/train/checkpoints.hpp>

#include <doctest/doctest.h>

#include <limits>

#include "../io/scratch_folder.hpp"
#include "trained.hpp"

using namespace berl;
using namespace berl::train;
using test::message_of, test::ScratchFolder, test::slurp, test::Trained;

namespace {
io::ModelInfo const info{"tiny", 3, 7, {}, data::Resize::area, "curricularface"};
std::map<std::string, std::string> const settings{{"seed", "5"}};

struct Run {
  Trained trained;
  Console console{nullptr};
  Checkpoints<Trained> checkpoints;
  explicit Run(std::filesystem::path const& folder, float first = 1) : trained(first), checkpoints(trained, folder, console) {
    trained.done = {.taken = 7, .sgd_steps = 7, .adam_steps = 0, .all_steps = 7};
  }
  void save(Unsaved unsaved = Unsaved::throws) { checkpoints.save(info, 2.5, settings, unsaved); }
};
}  // namespace

TEST_CASE("checkpoints: a training goes on from what it has saved, and from nothing it begins") {
  ScratchFolder scratch;
  Run first(scratch / "out"), again(scratch / "out", 100);
  CHECK_FALSE(first.checkpoints.prepare_folder(Start::resume, info, settings));
  CHECK(first.checkpoints.kept().find("No checkpoint") == 0);
  first.save();
  CHECK(first.checkpoints.kept().find("step 7 ") != std::string::npos);
  again.trained.done = {};
  CHECK(again.checkpoints.prepare_folder(Start::resume, info, settings));
  CHECK(again.trained.all() == first.trained.all());
  CHECK(again.trained.done.all_steps == 7);
  CHECK(again.checkpoints.position().seconds == 2.5);
  CHECK(message_of<Error>([&] { first.checkpoints.prepare_folder(Start::fresh, info, settings); }).find("--resume") != std::string::npos);
  CHECK(message_of<Error>([&] {
          first.checkpoints.prepare_folder(Start::resume, info, {{"seed", "6"}});
        }).find("setting seed") != std::string::npos);
}

TEST_CASE("checkpoints: without a folder nothing is written") {
  ScratchFolder scratch;
  auto const before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  Run run("");
  CHECK_FALSE(run.checkpoints.prepare_folder(Start::resume, info, settings));
  run.save();
  run.checkpoints.save_model(info);
  CHECK(scratch.files() == 0);
  std::filesystem::current_path(before);
}

TEST_CASE("checkpoints: a step is saved once, and never what is not finite") {
  ScratchFolder scratch;
  std::filesystem::create_directories(scratch / "out");
  Run run(scratch / "out");
  run.save();
  auto const saved = slurp(scratch / "out/state.safetensors");
  run.trained.values[1] = 9;
  run.save();  // still step 7
  CHECK(slurp(scratch / "out/state.safetensors") == saved);
  run.trained.done.all_steps = 8;
  run.trained.momentum[2] = std::numeric_limits<float>::quiet_NaN();
  std::string const text = message_of<NotFinite>([&] { run.save(Unsaved::warns); });
  CHECK(text.find("step 8: momentum.conv1.weight holds ") != std::string::npos);
  CHECK(text.find("The checkpoint of step 7 is kept in " + (scratch / "out").string()) != std::string::npos);
  CHECK(slurp(scratch / "out/state.safetensors") == saved);
}

TEST_CASE("checkpoints: a training whose folder has gone goes on where it only warns, and saves when it is back") {
  ScratchFolder scratch;
  Run run(scratch / "out");
  CHECK_NOTHROW(run.save(Unsaved::warns));
  CHECK(message_of<Error>([&] { run.save(); }).find((scratch / "out").string()) != std::string::npos);
  CHECK(run.checkpoints.kept().find("No checkpoint") == 0);
  std::filesystem::create_directories(scratch / "out");
  run.save();
  CHECK(std::filesystem::exists(scratch / "out/model.safetensors"));
  Run other(scratch / "elsewhere", 100);
  long const short_stages[3] = {5, 0, 0}, long_stages[3] = {9, 0, 0};
  auto const from = scratch / "out/state.safetensors";
  CHECK(message_of<Error>([&] { other.checkpoints.go_on_from(from, info, short_stages); }).find("stage 1") != std::string::npos);
  other.checkpoints.go_on_from(from, info, long_stages);
  CHECK(other.trained.all() == run.trained.all());
}
