#include <berl/model.hpp>
#include <berl/train/session.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>  // setrlimit

#include <atomic>
#include <csignal>
#include <limits>

#include "../io/scratch_folder.hpp"
#include "stripes.hpp"

using namespace berl;
using test::message_of;
using test::ScratchFolder;
using test::slurp;
using test::spit;
using test::Stripes;

namespace {
/// The smallest network with all kinds of layers, and people who are stripes.
struct TinyBackbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
using Tiny = Model<TinyBackbone, losses::CurricularFace, networks::Bypass<16, 4, 4>>;

using TinySession = train::Session<Tiny, Stripes>;

train::SessionOptions options(std::filesystem::path const& out, train::Start start = train::Start::fresh) {
  train::SessionOptions o{.out = out, .start = start, .console = nullptr};
  o.config.network = "tiny";
  o.config.batch = 4;
  o.config.stage[0].steps = 3, o.config.stage[1].steps = 2, o.config.stage[2].steps = 3;
  o.config.checkpoint_every = 2;
  o.config.flip = 0.5;
  o.config.log_every = 1;
  return o;
}
/// Steps and losses of a run, without what depends on the machine.
std::vector<std::string> losses_in(std::filesystem::path const& file) {
  std::vector<std::string> all;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    auto record = nlohmann::ordered_json::parse(line);
    CHECK(record["images_per_second"] > 0);
    CHECK(record["loading"] >= 0);
    CHECK(record["loading"] <= 1);
    for (char const* const of_the_machine : {"images_per_second", "loading"}) record.erase(of_the_machine);
    all.push_back(record.dump());
  }
  return all;
}
struct Killed {};
/// Ends the program, as it were, when a picture is loaded for the n-th time.
struct Deadly : Stripes {
  int last;
  std::shared_ptr<std::atomic<int>> loads = std::make_shared<std::atomic<int>>(0);
  explicit Deadly(int n) : last(n) {}
  io::Image load(int i) const {
    if (++*loads == last) throw Killed{};
    return Stripes::load(i);
  }
};
long step_of(std::filesystem::path const& state) { return train::read_position(io::SafeTensors::read(state)).model.step; }
}  // namespace

TEST_CASE("session: a run stopped at any step and resumed has the same bits as an unbroken one, with one thread or two") {
  ScratchFolder scratch;
  Stripes const stripes;
  REQUIRE(TinySession(stripes, options(scratch / "whole")).run() == train::Outcome::finished);
  std::string const expected = slurp(scratch / "whole/model.safetensors");
  auto const losses = losses_in(scratch / "whole/metrics.jsonl");
  CHECK(losses.size() == 8);

  std::atomic<int> const stop = 15;
  for (int run = 0; run < 8; ++run) {  // each takes one step
    auto o = options(scratch / "steps", train::Start::resume);
    o.stop = &stop;
    o.threads = 1 + run % 2;
    TinySession session(stripes, o);
    CHECK(session.run() == (run < 7 ? train::Outcome::stopped : train::Outcome::finished));
    CHECK(session.trainer().progress().all_steps == run + 1);
  }
  CHECK((slurp(scratch / "steps/model.safetensors") == expected));
  CHECK(losses_in(scratch / "steps/metrics.jsonl") == losses);
  auto const summary = nlohmann::json::parse(slurp(scratch / "steps/summary.json"));
  CHECK(summary["steps"] == 8);
  CHECK(summary["finished"] == true);
  CHECK(summary["stages"].size() == 3);

  for (int const picture : {6, 14, 30}) {  // killed in steps 2, 4 and 8: nothing is written on the way out
    auto const out = scratch / ("killed" + std::to_string(picture));
    auto o = options(out);
    o.config.loader_threads = o.config.loader_ahead = 1;
    Deadly const deadly(picture);
    CHECK_THROWS_AS((train::Session<Tiny, Deadly>(deadly, o).run()), Killed);
    spit(out / "state.safetensors.partial", "half a file");
    spit(out / "metrics.jsonl", slurp(out / "metrics.jsonl") + "{\"step\": 9, \"sta");
    if (picture == 6) CHECK(!std::filesystem::exists(out / "state.safetensors"));
    if (picture != 6) CHECK(step_of(out / "state.safetensors") == (picture == 14 ? 3 : 6));
    CHECK(TinySession(stripes, options(out, train::Start::resume)).run() == train::Outcome::finished);
    CHECK((slurp(out / "model.safetensors") == expected));
    CHECK(losses_in(out / "metrics.jsonl") == losses);
  }
}

TEST_CASE("session: with confidence and smoothness a resumed run has the same bits too") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const confident = [&](char const* out, train::Start start = train::Start::fresh) {
    auto o = options(scratch / out, start);
    o.config.stage[0].steps = 1, o.config.stage[2].steps = 2;
    o.config.confidence = true, o.config.smoothness = 0.01;
    return o;
  };
  REQUIRE(TinySession(stripes, confident("whole")).run() == train::Outcome::finished);
  std::string const expected = slurp(scratch / "whole/model.safetensors");
  std::atomic<int> const stop = 15;
  for (int run = 0; run < 5; ++run) {
    auto o = confident("steps", train::Start::resume);
    o.stop = &stop;
    o.threads = 1 + run % 2;
    CHECK(TinySession(stripes, o).run() == (run < 4 ? train::Outcome::stopped : train::Outcome::finished));
  }
  CHECK((slurp(scratch / "steps/model.safetensors") == expected));
  CHECK(losses_in(scratch / "steps/metrics.jsonl") == losses_in(scratch / "whole/metrics.jsonl"));
  auto const summary = nlohmann::json::parse(slurp(scratch / "steps/summary.json"));
  CHECK(summary["parameters"]["auxiliary"] == Tiny::auxiliary_parameters + Tiny::confidence_parameters);

  auto const file = io::SafeTensors::read(scratch / "whole/state.safetensors");
  for (char const* const array : {"values", "m", "v"}) CHECK(file.contains(array + std::string(".confidence.out_net1.6.weight")));
  CHECK(!file.contains("momentum.confidence.out_net1.6.weight"));
  auto o = confident("whole", train::Start::resume);
  o.config.confidence = false;
  CHECK(message_of<Error>([&] { TinySession(stripes, o); }).find("setting confidence: found true; expected false. Resume with the") !=
        std::string::npos);
}

TEST_CASE("session: a state from before a setting existed is resumed where that stands at its default") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const short_run = [&](train::Start start) {
    auto o = options(scratch / "out", start);
    o.config.stage[0].steps = 1, o.config.stage[1].steps = o.config.stage[2].steps = 0;
    return o;
  };
  TinySession session(stripes, short_run(train::Start::fresh));
  session.run();
  auto position = train::read_position(io::SafeTensors::read(scratch / "out/state.safetensors"));
  CHECK(position.settings.erase("confidence") + position.settings.erase("smoothness") == 2);
  train::save_state(scratch / "out/state.safetensors", session.trainer(), position);
  CHECK(TinySession(stripes, short_run(train::Start::resume)).trainer().progress().all_steps == 1);
  auto o = short_run(train::Start::resume);
  o.config.smoothness = 1;
  CHECK(message_of<Error>([&] { TinySession(stripes, o); }).find("setting smoothness: found 0; expected 1") != std::string::npos);
}

TEST_CASE("session: stages, hooks, and the files before the newest") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto o = options(scratch / "out");
  o.config.stage[0].steps.reset(), o.config.stage[0].epochs = 1;  // 10 pictures in batches of 4
  o.config.stage[1].steps = 0;
  TinySession session(stripes, o);
  CHECK(session.steps(train::Stage::recognition) == 3);
  CHECK(session.total_steps() == 6);
  std::vector<train::Stage> seen;
  session.after_stage = [&](TinySession& s, train::Stage stage) {
    seen.push_back(stage);
    CHECK(step_of(scratch / "out/state.safetensors") == s.trainer().progress().all_steps);
  };
  CHECK(session.run() == train::Outcome::finished);
  CHECK(seen == std::vector{train::Stage::recognition, train::Stage::joint});
  CHECK(step_of(scratch / "out/state.safetensors") == 6);
  CHECK(step_of(scratch / "out/state.safetensors.previous") == 4);
  CHECK(std::filesystem::exists(scratch / "out/model.safetensors.previous"));

  o = options({});  // without a folder nothing is written
  o.config.stage[0].steps = 1, o.config.stage[1].steps = o.config.stage[2].steps = 0;
  CHECK(TinySession(stripes, o).run() == train::Outcome::finished);
  o.config.stage[0].steps = 0;
  CHECK_THROWS_WITH_AS(TinySession(stripes, o), doctest::Contains("no step at all"), Error);
}

TEST_CASE("session: goes on from another training's state, with its own settings") {
  ScratchFolder scratch;
  Stripes const stripes;
  REQUIRE(TinySession(stripes, options(scratch / "whole")).run() == train::Outcome::finished);
  auto const branch = [&](std::string const& to, std::string const& from, long second, long third, double weight) {
    auto o = options(scratch / to, train::Start::resume);
    o.config.stage[1].steps = second, o.config.stage[2].steps = third, o.config.gamma_recon = weight;
    if (!from.empty()) o.from = scratch / (from + "/state.safetensors");
    return TinySession(stripes, o).run();
  };
  REQUIRE(branch("one", "", 0, 0, 1) == train::Outcome::finished);
  REQUIRE(branch("two", "one", 2, 0, 1) == train::Outcome::finished);
  REQUIRE(branch("three", "two", 2, 3, 1) == train::Outcome::finished);  // the same stages, pictures and random numbers
  CHECK((slurp(scratch / "three/model.safetensors") == slurp(scratch / "whole/model.safetensors")));
  REQUIRE(branch("control", "two", 2, 3, 0) == train::Outcome::finished);
  CHECK((slurp(scratch / "control/model.safetensors") != slurp(scratch / "whole/model.safetensors")));
  CHECK(message_of<Error>([&] { branch("late", "two", 1, 3, 1); }).find("step 2 of stage 2 after 3 steps") != std::string::npos);
  CHECK(message_of<Error>([&] { branch("none", "nowhere", 2, 3, 1); }).find("nowhere") != std::string::npos);
}

TEST_CASE("session: a state that is not this training's is refused, and nothing changes") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const out = scratch / "out", state = out / "state.safetensors";
  auto const short_run = [&](train::Start start) {
    auto o = options(out, start);
    o.config.stage[0].steps = 3, o.config.stage[1].steps = o.config.stage[2].steps = 0;
    return o;
  };
  TinySession(stripes, short_run(train::Start::fresh)).run();
  auto const refused = [&](auto const& session) {
    std::string const before = slurp(state), model = slurp(out / "model.safetensors");
    std::string const text = message_of<Error>(session);
    CHECK((slurp(state) == before));
    CHECK((slurp(out / "model.safetensors") == model));
    return text;
  };
  CHECK(refused([&] { TinySession(stripes, short_run(train::Start::fresh)); }).find("--resume") != std::string::npos);
  CHECK(refused([&] {
          auto o = short_run(train::Start::resume);
          o.seed = 2;
          TinySession(stripes, o);
        }).find("setting seed: found 1; expected 2") != std::string::npos);
  CHECK(refused([&] {
          auto o = short_run(train::Start::resume);
          o.config.stage[0].steps = 4;
          TinySession(stripes, o);
        }).find("setting stage1.steps: found 3; expected 4") != std::string::npos);
  CHECK(refused([&] {
          struct Four : Stripes {
            int identities() const { return 4; }
          } const four;
          train::Session<Tiny, Four>(four, short_run(train::Start::resume));
        }).find("identities: found 3; expected 4") != std::string::npos);
  CHECK(refused([&] {  // of another shape under the same name
          struct Wide : networks::IResNet<2, 2, 2, 2, 4, 112, 16> {};
          train::Session<Model<Wide, losses::CurricularFace, networks::Bypass<16, 4, 4>>, Stripes>(stripes,
                                                                                                   short_run(train::Start::resume));
        })
            .find("array 'values.fc.weight': found shape [8, 1568]; expected [16, 1568]") != std::string::npos);

  std::string const whole = slurp(state);
  auto const resume = [&] { TinySession(stripes, short_run(train::Start::resume)); };
  std::string flipped = whole;
  flipped[flipped.size() - 100] = static_cast<char>(flipped[flipped.size() - 100] ^ 1);
  for (std::string const& bytes : {whole.substr(0, whole.size() / 2), flipped, std::string("text"), slurp(out / "model.safetensors")}) {
    spit(state, bytes);
    std::string const text = refused(resume);
    CHECK(text.find("mv '" + state.string() + ".previous' '" + state.string() + "'") != std::string::npos);
  }
  std::filesystem::remove(state);
  CHECK(message_of<Error>(resume).find("mv '") != std::string::npos);
  std::filesystem::rename(state.string() + ".previous", state);  // what the message says
  CHECK(step_of(state) == 2);
  CHECK(TinySession(stripes, short_run(train::Start::resume)).run() == train::Outcome::finished);
  CHECK(step_of(state) == 3);
}

TEST_CASE("session: a loss that is not finite stops, says where, and leaves the last good checkpoint") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto o = options(scratch / "out");
  o.config.checkpoint_every = 1;
  o.config.stage[0].steps = 50;
  o.config.stage[0].lr = 1e38;
  o.config.stage[0].warm_up = 40;  // the first steps are good
  std::string const text = message_of<train::NotFinite>([&] { TinySession(stripes, o).run(); });
  CAPTURE(text);
  CHECK(text.find("stage 1 (recognition), step ") == 0);
  CHECK(text.find("Lower the learning rate") != std::string::npos);
  auto const state = io::SafeTensors::read(scratch / "out/state.safetensors");
  long const step = train::read_position(state).model.step;
  CHECK(step >= 1);
  CHECK(text.find("The checkpoint of step " + std::to_string(step) + " is kept") != std::string::npos);
  train::Trainer<Tiny, Host> trainer({.identities = 3, .batch = 4});
  CHECK_NOTHROW(train::load_state(state, trainer));

  auto p = options(scratch / "nan");  // weights that are not finite from the beginning
  TinySession session(stripes, p);
  session.trainer().parameters().head.weight.value()[0] = std::numeric_limits<float>::quiet_NaN();
  std::string const nan = message_of<train::NotFinite>([&] { session.run(); });
  CAPTURE(nan);
  CHECK(nan.find("step 1: the loss is nan") != std::string::npos);
  CHECK(nan.find("head.weight") != std::string::npos);
  data::Loader<Stripes> loader(stripes, {.batch = 4, .seed = named(Seed{p.seed}, "pictures"), .augment = p.config.augment});
  std::string shown;
  for (auto const& name : loader.names(loader.next().indices)) shown += (shown.empty() ? "" : ", ") + name;
  CHECK(nan.ends_with("the pictures of this step: " + shown));
  CHECK(nan.find("No checkpoint was written yet") != std::string::npos);
  CHECK(!std::filesystem::exists(scratch / "nan/state.safetensors"));
}

TEST_CASE("session: of outputs that are not finite the first layer is named") {
  Stripes const stripes;
  for (std::string const layer : {"layer2.0.conv1", "layer4.1.conv2", "ira.depth.decoder.29", "confidence.network.3"}) {
    auto o = options({});
    o.config.stage[0].steps = 0;
    o.config.stage[1].steps = layer.starts_with("layer") ? 0 : 1;
    o.config.confidence = layer.starts_with("confidence");
    TinySession session(stripes, o);
    session.trainer().parameters().visit([&](Path const& path, auto& array) {
      if (path.text == layer + ".weight") std::fill_n(array.value(), array.read().size(), 3e38f);
    });
    std::string const text = message_of<train::NotFinite>([&] { session.run(); });
    CAPTURE(text);
    std::string const named = layer.starts_with("ira") ? "the raw depth" : "the output of " + layer;  // its last layer
    CHECK(text.find("step 1: the loss is ") != std::string::npos);
    CHECK(text.find("First not finite: " + named + ". ") != std::string::npos);
  }
}

TEST_CASE("session: a picture that cannot be read stops the training and saves what was learnt") {
  ScratchFolder scratch;
  auto o = options(scratch / "out");
  o.config.stage[0].steps = 30;
  o.config.checkpoint_every = 1000;
  for (int bad = 0; bad < 10; ++bad) {
    Stripes const stripes{.bad = bad};
    auto const out = scratch / std::to_string(bad);
    o.out = out;
    std::string const text = message_of<Error>([&] { TinySession(stripes, o).run(); });
    CHECK(text.find("stripes/" + std::to_string(bad) + ": found damage") == 0);
    if (!std::filesystem::exists(out / "state.safetensors")) continue;  // in the first batch
    CHECK(step_of(out / "state.safetensors") >= 1);
    break;
  }
}

TEST_CASE("session: the step before a picture that cannot be read is whole, and a batch behind the last step is not asked for") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const only = [&](char const* out, long steps) {
    auto o = options(scratch / out);
    o.config.stage[0].steps = steps, o.config.stage[1].steps = o.config.stage[2].steps = 0;
    o.config.checkpoint_every = 1000;
    o.config.loader_threads = o.config.loader_ahead = 1;
    return o;
  };
  struct Damaged : Stripes {  // from the n-th picture on
    int first;
    std::shared_ptr<std::atomic<int>> loads = std::make_shared<std::atomic<int>>(0);
    explicit Damaged(int n) : first(n) {}
    io::Image load(int i) const {
      if (++*loads >= first) throw Error(name(i), "damage", "a picture", "Replace it.");
      return Stripes::load(i);
    }
  };
  using Session = train::Session<Tiny, Damaged>;
  REQUIRE(TinySession(stripes, only("whole", 3)).run() == train::Outcome::finished);
  Damaged const beyond(13);
  CHECK(Session(beyond, only("beyond", 3)).run() == train::Outcome::finished);
  CHECK((slurp(scratch / "beyond/model.safetensors") == slurp(scratch / "whole/model.safetensors")));
  CHECK(beyond.loads->load() <= 16);  // the last batch and the one that the loader has ahead

  Damaged const fourth(13);
  Session session(fourth, only("fourth", 6));
  CHECK(message_of<Error>([&] { session.run(); }).find("found damage") != std::string::npos);
  CHECK(session.trainer().progress().all_steps == 3);
  CHECK(step_of(scratch / "fourth/state.safetensors") == 3);
  CHECK(losses_in(scratch / "fourth/metrics.jsonl").size() == 3);
  auto o = only("fourth", 6);
  o.start = train::Start::resume;
  CHECK(TinySession(stripes, o).run() == train::Outcome::finished);
  REQUIRE(TinySession(stripes, only("six", 6)).run() == train::Outcome::finished);
  CHECK((slurp(scratch / "fourth/model.safetensors") == slurp(scratch / "six/model.safetensors")));
}

TEST_CASE("session: a full disk costs the new checkpoint alone") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const out = scratch / "out";
  TinySession session(stripes, options(out));
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  auto const handler = std::signal(SIGXFSZ, SIG_IGN);
  std::string state;
  session.after_stage = [&](TinySession&, train::Stage stage) {
    if (stage == train::Stage::reconstruction) CHECK((slurp(out / "state.safetensors") == state));  // it went on without
    if (stage != train::Stage::recognition) return;
    state = slurp(out / "state.safetensors");
    rlimit const tight{20'000, old.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
  };
  std::string const text = message_of<Error>([&] { session.run(); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(text.find("writing stopped (File too large)") != std::string::npos);
  CHECK(session.trainer().progress().all_steps == 8);
  CHECK((slurp(out / "state.safetensors") == state));
  CHECK(step_of(out / "state.safetensors") == 3);
  CHECK(TinySession(stripes, options(out, train::Start::resume)).run() == train::Outcome::finished);
}

TEST_CASE("session: verification on a list of pairs, beside raw pixels") {
  ScratchFolder scratch;
  Stripes const stripes;
  std::string list;
  for (int i = 0; i < 6; ++i) io::write_png(scratch / (std::to_string(i) + ".png"), stripes.load(i));
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < i; ++j) list += std::to_string(i) + ".png," + std::to_string(j) + ".png," + (i % 3 == j % 3 ? "1" : "0") + "\n";
  spit(scratch / "pairs.csv", list);
  auto o = options(scratch / "out");
  o.config.stage[1].steps = 0, o.config.stage[2].steps = 0;
  o.pairs = (scratch / "pairs.csv").string();
  o.config.verify_every = 2;
  TinySession session(stripes, o);
  session.run();
  auto const records = losses_in(scratch / "out/metrics.jsonl");
  REQUIRE(records.size() == 3);
  CHECK(!nlohmann::json::parse(records[0]).contains("verification"));
  CHECK(nlohmann::json::parse(records[1]).contains("verification"));
  CHECK(nlohmann::json::parse(records[2]).contains("verification"));
  auto const v = nlohmann::json::parse(slurp(scratch / "out/summary.json"))["verification"];
  CHECK(v["pairs"] == 15);
  CHECK(v["accuracy"] == nlohmann::json::parse(records[2])["verification"]);
  CHECK(v["raw_pixels"] >= 0);

  std::vector<io::Image> const picture{stripes.load(1)};  // the same as the file's backbone gives
  auto const face = load<TinyBackbone>(scratch / "out/model.safetensors");
  auto const a = session.embed(picture).front(), b = face.embed(std::span<io::Image const>(picture), FlipFused{}).front();
  float const largest = std::abs(*std::max_element(a.begin(), a.end(), [](float x, float y) { return std::abs(x) < std::abs(y); }));
  // batch norms folded: the weights of 18 convolutions rounded once more, by 6e-8, in sums of many terms
  for (std::size_t d = 0; d < a.size(); ++d) CHECK(std::abs(a[d] - b[d]) < 1e-5f * largest);
}

TEST_CASE("session: a list of one pair is refused before anything is trained or written") {
  ScratchFolder scratch;
  Stripes const stripes;
  for (int i = 0; i < 2; ++i) io::write_png(scratch / (std::to_string(i) + ".png"), stripes.load(i));
  spit(scratch / "pairs.csv", "0.png,1.png,0\n");
  auto o = options(scratch / "out");
  o.pairs = (scratch / "pairs.csv").string();
  CHECK(message_of<Error>([&] { TinySession(stripes, o); }) ==
        o.pairs + ": found 1 pair; expected at least 2, one for each of two folds. Give more pairs.");
  CHECK(!std::filesystem::exists(scratch / "out"));
}

TEST_CASE("session: confidence begins with given weights where they have it, and anew where not") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto const trained = [&](char const* out, bool confidence) {
    auto o = options(scratch / out);
    o.config.stage[0].steps = 0, o.config.stage[1].steps = 1, o.config.stage[2].steps = 0;
    o.config.confidence = confidence;
    TinySession(stripes, o).run();
    return (scratch / out / "model.safetensors").string();
  };
  auto const arrays = [&](std::string const& init, bool confidence) {
    auto o = options({});
    o.config.init = init;
    o.config.confidence = confidence;
    TinySession session(stripes, o);
    std::map<std::string, std::vector<float>> all;
    session.trainer().parameters().visit(
        [&](Path const& path, auto& array) { all[path.text].assign(array.value(), array.value() + array.read().size()); });
    return all;
  };
  std::string const without = trained("without", false), with = trained("with", true);
  std::string const name = "confidence.network.0.weight", view = "iia.view.network.0.weight";
  auto const fresh = arrays("", true), kept = arrays(with, true), anew = arrays(without, true), dropped = arrays(with, false);
  auto const file = io::SafeTensors::read(with);
  CHECK(file.get<float>(name) == kept.at(name));
  CHECK(fresh.at(name) != kept.at(name));
  CHECK(fresh.at(name) == anew.at(name));
  CHECK(fresh.at(view) != anew.at(view));
  CHECK(!dropped.contains(name));
  CHECK(dropped.at(view) == kept.at(view));
  CHECK_NOTHROW(load<TinyBackbone>(with));  // the backbone alone does not mind
}

TEST_CASE("session: begins with given weights") {
  ScratchFolder scratch;
  Stripes const stripes;
  auto o = options(scratch / "first");
  o.config.stage[1].steps = o.config.stage[2].steps = 0;
  TinySession(stripes, o).run();
  o.config.init = (scratch / "first/model.safetensors").string();
  o.out = scratch / "second";
  TinySession session(stripes, o);
  auto const file = io::SafeTensors::read(o.config.init);
  session.trainer().parameters().visit([&](Path const& path, auto& array) {
    auto const values = array.read();
    CHECK(std::equal(values.data(), values.data() + values.size(), file.view<float>(path.text).begin()));
  });
  struct Two : Stripes {
    int identities() const { return 2; }
    int label(int i) const { return i % 2; }
  } const two;
  o.out.clear();
  train::Session<Tiny, Two> other(two, o);  // another number of people: a head of its own
  CHECK(other.trainer().parameters().head.weight.identities() == 2);
  other.trainer().parameters().top.visit(
      [&](Path const& path, auto& array) { CHECK(array.read().data()[0] == file.view<float>(path.text)[0]); }, Path{});
}
