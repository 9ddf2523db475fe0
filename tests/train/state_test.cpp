#include <berl/train/state.hpp>

#include <doctest/doctest.h>

#include <array>

#include "../io/scratch_folder.hpp"
#include "trained.hpp"

using namespace berl;
using test::message_of, test::ScratchFolder, test::slurp, test::spit, test::Trained;

namespace {
train::Position const position{.model = {"tiny", 3, 12, {}, data::Resize::area, "curricularface"},
                               .stage = train::Stage::reconstruction,
                               .taken = 2,
                               .sgd_steps = 10,
                               .adam_steps = 2,
                               .seconds = 1.5,
                               .settings = {{"batch", "32"}}};
}  // namespace

TEST_CASE("state: what was saved is there again, momentum of the backbone and moments of the rest") {
  ScratchFolder scratch;
  auto const path = scratch / "state.safetensors";
  Trained saved(1), other(100);
  train::save_state(path, saved, position);
  auto const file = io::SafeTensors::read(path);
  CHECK(file.names().size() == 2 + 3 + 1);  // values and momentum; values, m and v; the buffer
  CHECK(file.contains("momentum.conv1.weight"));
  CHECK(file.contains("v.ira.depth.weight"));
  CHECK(!file.contains("m.conv1.weight"));
  train::load_state(file, other);
  CHECK(other.all() == saved.all());
  CHECK(saved.all().size() == 6 * 4);

  auto const read = train::read_position(file);
  CHECK(read.model.network == "tiny");
  CHECK(read.model.step == 12);
  CHECK(read.stage == train::Stage::reconstruction);
  CHECK(read.taken == 2);
  CHECK(read.sgd_steps == 10);
  CHECK(read.adam_steps == 2);
  CHECK(read.seconds == 1.5);
  CHECK(read.settings == position.settings);
}

TEST_CASE("state: a byte that has changed, and another head, are refused before anything is changed") {
  ScratchFolder scratch;
  auto const path = scratch / "state.safetensors";
  Trained saved(1), other(100);
  train::save_state(path, saved, position);
  auto const before = other.all();
  other.params.head.layout.name = "arcface";
  CHECK(message_of<Error>([&] {
          train::load_state(io::SafeTensors::read(path), other);
        }).find("head: found curricularface; expected arcface") != std::string::npos);
  CHECK(other.all() == before);
  std::string bytes = slurp(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  spit(path, bytes);
  CHECK(message_of<Error>([&] { train::read_position(io::SafeTensors::read(path)); }).find("arrays with the checksum") !=
        std::string::npos);
}

TEST_CASE("state: the network, the settings and the step must be those of the training") {
  ScratchFolder scratch;
  auto const path = scratch / "state.safetensors";
  Trained saved(1);
  train::save_state(path, saved, position);
  auto const file = io::SafeTensors::read(path);
  auto model = position.model;
  CHECK_NOTHROW(train::require_model(file, position, model));
  model.identities = 4;
  CHECK(message_of<Error>([&] { train::require_model(file, position, model); }).find("identities: found 3; expected 4") !=
        std::string::npos);

  CHECK_NOTHROW(train::require_settings(file, position, {{"batch", "32"}, {"flip", "0"}}, {{"flip", "0"}}));  // flip is younger
  CHECK(message_of<Error>([&] {
          train::require_settings(file, position, {{"batch", "64"}}, {});
        }).find("setting batch: found 32; expected 64") != std::string::npos);
  CHECK(message_of<Error>([&] {
          train::require_settings(file, position, {{"flip", "1"}}, {});
        }).find("found nothing; expected 1") != std::string::npos);

  CHECK_NOTHROW(train::require_step(file, position, std::array<long, 3>{10, 5, 1}));
  for (auto const& steps : {std::array<long, 3>{9, 5, 1}, std::array<long, 3>{10, 1, 1}})
    CHECK(message_of<Error>([&] { train::require_step(file, position, steps); }).find("step 2 of stage 2 after 10 steps") !=
          std::string::npos);
}
