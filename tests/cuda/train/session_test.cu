#include "../../io/scratch_folder.hpp"
#include "../gpu.hpp"
#include "trained.hpp"

#include <berl/cuda/train/machine.hpp>

#include <atomic>
#include <fstream>

using namespace berl;
using namespace berl::gpu;
using namespace berl::test;

namespace {
using OnGpu = train::Session<SmallModel, Stripes, Cuda>;

train::SessionOptions options(std::filesystem::path const& out, train::Start start = train::Start::fresh) {
  train::SessionOptions o{.out = out, .start = start, .console = nullptr};
  o.config.network = "small";
  o.config.batch = 4;
  o.config.stage[0].steps = 2, o.config.stage[1].steps = 2, o.config.stage[2].steps = 2;
  o.config.flip = 0.5;
  o.config.log_every = 1;
  return o;
}
/// A number of each line.
std::vector<double> logged(std::filesystem::path const& folder, char const* name) {
  std::vector<double> all;
  std::ifstream in(folder / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line)[name]);
  return all;
}
}  // namespace

TEST_CASE("a training on the GPU that stops at each step and goes on has the same bits as an unbroken one" * needs_gpu()) {
  ScratchFolder scratch;
  Stripes const stripes;
  REQUIRE(OnGpu(stripes, options(scratch / "whole")).run() == train::Outcome::finished);
  std::atomic<int> const stop = 15;
  for (int run = 0; run < 6; ++run) {
    auto o = options(scratch / "steps", train::Start::resume);
    o.stop = &stop;
    CHECK(OnGpu(stripes, o).run() == (run < 5 ? train::Outcome::stopped : train::Outcome::finished));
  }
  CHECK((slurp(scratch / "steps/model.safetensors") == slurp(scratch / "whole/model.safetensors")));
  for (char const* const name : {"total", "t"}) CHECK(logged(scratch / "steps", name) == logged(scratch / "whole", name));
}

TEST_CASE("a training of the host goes on on the GPU, and back" * needs_gpu()) {
  ScratchFolder scratch;
  Stripes const stripes;
  REQUIRE(session_on_the_host(options(scratch / "host")) == train::Outcome::finished);
  std::atomic<int> const stop = 15;
  auto o = options(scratch / "both", train::Start::resume);
  o.stop = &stop;
  for (int run = 0; run < 6; ++run)
    if (run % 2 == 0)
      CHECK(session_on_the_host(o) == train::Outcome::stopped);
    else
      CHECK(OnGpu(stripes, o).run() == (run < 5 ? train::Outcome::stopped : train::Outcome::finished));
  auto const expected = logged(scratch / "host", "total"), found = logged(scratch / "both", "total");
  REQUIRE(found.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-3));  // what a step's roundings grow to
  CHECK(logged(scratch / "both", "t").back() == doctest::Approx(logged(scratch / "host", "t").back()).epsilon(1e-3));
}

TEST_CASE("without a GPU a training on one ends with what was looked for" * doctest::skip(found())) {
  ScratchFolder scratch;
  Stripes const stripes;
  std::string const said = message_of<Error>([&] { OnGpu(stripes, options(scratch / "none")).run(); });
  CHECK(said.find("NVIDIA") != std::string::npos);
  CHECK(!std::filesystem::exists(scratch / "none/state.safetensors"));
}
