#include <berl/losses/make_head.hpp>
#include <berl/model.hpp>
#include <berl/train/session.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"
#include "stripes.hpp"

using namespace berl;
using losses::AnyHead;
using test::message_of, test::ScratchFolder, test::slurp, test::Stripes;

/// Each of the margin heads in a training.
namespace {
using S = Shape<8>;

struct TinyBackbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
using Tiny = Model<TinyBackbone, AnyHead<EmbeddingOf<TinyBackbone>>, networks::Bypass<16, 4, 4>>;

using TinySession = train::Session<Tiny, Stripes>;

train::SessionOptions options(std::filesystem::path const& out, std::string const& kind, train::Start start = train::Start::fresh) {
  train::SessionOptions o{.out = out, .start = start, .console = nullptr};
  o.config.network = "tiny";
  o.config.head.kind = kind;
  o.config.batch = 3;
  o.config.stage[0].steps = 3, o.config.stage[1].steps = 0, o.config.stage[2].steps = 0;
  return o;
}
template <class F>
void with_session(train::SessionOptions const& o, F&& f) {
  Stripes const stripes{.pictures = 12, .people = 6};
  TinySession session(stripes, o, losses::make_head<S>(o.config.head));
  f(session);
}
/// The model after a whole run, and after one that stops at each step, with one thread or two.
void check_resumes(ScratchFolder const& scratch, std::string const& folder, train::SessionOptions o) {
  o.out = scratch / (folder + "/whole");
  with_session(o, [](TinySession& s) { CHECK(s.run() == train::Outcome::finished); });
  std::string const expected = slurp(o.out / "model.safetensors");
  std::atomic<int> const stop = 15;
  o.out = scratch / (folder + "/steps");
  o.start = train::Start::resume;
  o.stop = &stop;
  for (int run = 0; run < 3; ++run) {
    o.threads = 1 + run % 2;
    with_session(o, [&](TinySession& s) { CHECK(s.run() == (run < 2 ? train::Outcome::stopped : train::Outcome::finished)); });
  }
  CHECK((slurp(o.out / "model.safetensors") == expected));
}
}  // namespace

TEST_CASE("every head trains by its name, and resumes exactly where it keeps something") {
  ScratchFolder scratch;
  for (auto const& kind : losses::head_kinds) {
    std::string const name = kind.layout.name;
    CAPTURE(name);
    if (kind.layout.number != nullptr || !kind.layout.state.empty())
      check_resumes(scratch, name, options({}, name));
    else
      with_session(options(scratch / (name + "/whole"), name), [](TinySession& s) { CHECK(s.run() == train::Outcome::finished); });
    auto const file = io::SafeTensors::read(scratch / (name + "/whole/model.safetensors"));
    CHECK(file.metadata("head") == name);
    for (char const* const state : kind.layout.state) CHECK(file.shape(std::string("head.") + state) == io::Extents{1});
    if (kind.layout.number != nullptr) CHECK(file.shape(std::string("head.") + kind.layout.number) == io::Extents{6});
    CHECK(file.contains("head.t") == (name == "curricularface"));
  }
  for (char const* const name : {"adaptiveface", "npcface"}) {
    auto o = options({}, name);
    o.config.head_sample_rate = 0.7, o.config.head_filter = 0.2;
    check_resumes(scratch, std::string(name) + "-sampled", o);
  }
}

TEST_CASE("another head's state is refused, its weights begin anew") {
  ScratchFolder scratch;
  with_session(options(scratch / "out", "adaface"), [](TinySession& s) { s.run(); });
  auto const state = io::SafeTensors::read(scratch / "out/state.safetensors");
  CHECK(message_of<Error>([&] {
          with_session(options(scratch / "out", "arcface", train::Start::resume), [](TinySession&) {});
        }).find("state.safetensors, head: found adaface; expected arcface. ") != std::string::npos);
  with_session(options({}, "arcface"), [&](TinySession& s) {
    CHECK(message_of<Error>([&] { train::load_state(state, s.trainer()); }) ==
          state.file() + ", head: found adaface; expected arcface. Choose the head that the training began with.");
  });
  auto changed = options(scratch / "out", "adaface", train::Start::resume);
  changed.config.head["margin"] = 0.3;
  CHECK(message_of<Error>([&] { with_session(changed, [](TinySession&) {}); }).find("setting head.margin: found 0.4; expected 0.3") !=
        std::string::npos);
  changed.config.head["margin"] = 0.4;  // as published
  CHECK_NOTHROW(with_session(changed, [](TinySession&) {}));

  auto younger = slurp(scratch / "out/state.safetensors");  // as if written before there was this constant
  std::string const key = "setting.head.concentration";
  REQUIRE(younger.find(key) != std::string::npos);
  younger.replace(younger.find(key), key.size(), "setting.head.CONCENTRATION");
  test::spit(scratch / "out/state.safetensors", younger);
  CHECK_NOTHROW(with_session(changed, [](TinySession&) {}));
  std::string const form = "setting.head.form";
  REQUIRE(younger.find(form) != std::string::npos);
  younger.replace(younger.find(form), form.size(), "setting.head.FORM");
  test::spit(scratch / "out/state.safetensors", younger);
  CHECK_NOTHROW(with_session(changed, [](TinySession&) {}));
  changed.config.head["concentration"] = 0.5;
  CHECK(message_of<Error>([&] {
          with_session(changed, [](TinySession&) {});
        }).find("setting head.concentration: found 0.333; expected 0.5") != std::string::npos);

  auto const weights = [&](char const* kind) {
    auto o = options({}, kind);
    o.config.init = (scratch / "out/model.safetensors").string();
    std::vector<float> all;
    with_session(o, [&](TinySession& s) {
      auto& p = s.trainer().parameters();
      all.assign(p.head.weight.value(), p.head.weight.value() + p.head.weight.read().size());
      all.push_back(p.head.layout.state.empty() ? 0 : *p.head.state[0].value());
    });
    return all;
  };
  auto const model = io::SafeTensors::read(scratch / "out/model.safetensors");
  auto const kept = model.get<float>("head.weight");
  auto const same = weights("adaface"), other = weights("npcface");
  CHECK(std::equal(kept.begin(), kept.end(), same.begin()));
  CHECK(same.back() == model.get<float>("head.batch_mean")[0]);
  CHECK(!std::equal(kept.begin(), kept.end(), other.begin()));
}

TEST_CASE("a head that a program is not compiled for is refused") {
  using Fixed = train::Session<Model<TinyBackbone, losses::ArcFace, networks::Bypass<16, 4, 4>>, Stripes>;
  auto o = options({}, "adaface");
  CHECK(
      message_of<Error>([&] { train::head_of<losses::ArcFace>(o.config); }) ==
      "setting head.kind: found adaface; expected arcface. This program is compiled for one head; losses::AnyHead leaves the choice open.");
  static_assert(std::is_constructible_v<Fixed, Stripes const&, train::SessionOptions>);
  o.config.head.kind = "arcface";
  o.config.head["scale"] = 30;
  CHECK(train::head_of<losses::ArcFace>(o.config).scale == 30);
}

TEST_CASE("classes that a step does not see rest: neither decay nor momentum moves them") {
  using Trainer = train::Trainer<Tiny, Host>;
  Tensor<float, Tiny::Input> pictures(2);
  for (std::size_t i = 0; i < pictures.size(); ++i) pictures[i] = std::sin(static_cast<float>(i % 1000));
  for (char const* const kind : {"arcface", "softmax"}) {
    CAPTURE(kind);
    auto const rows = [&](double rate, std::vector<std::vector<int>> const& steps) {
      Trainer trainer({.identities = 6, .batch = 2, .head = losses::make_head<S>({.kind = kind}), .head_sample_rate = rate});
      trainer.begin(train::Stage::recognition, optim::Constant{.rate = 0.1}, optim::Constant{});
      std::vector<std::vector<float>> all;
      auto const note = [&] {
        auto const& h = trainer.parameters().head;
        all.emplace_back(h.weight.value(), h.weight.value() + 48);
        if (h.layout.number != nullptr) all.back().insert(all.back().end(), h.number.value(), h.number.value() + 6);
      };
      note();
      for (auto const& labels : steps) trainer.step(pictures.read(), labels), note();
      return all;
    };
    auto const moved = [](std::vector<float> const& a, std::vector<float> const& b, std::size_t j) {
      bool const number = a.size() > 48 && a[48 + j] != b[48 + j];
      return number || !std::equal(a.begin() + static_cast<long>(8 * j), a.begin() + static_cast<long>(8 * j) + 8,
                                   b.begin() + static_cast<long>(8 * j));
    };
    auto const sampled = rows(0.2, {{2, 3}, {0, 1}, {2, 5}}), all = rows(1, {{2, 3}});
    for (std::size_t j = 0; j < 6; ++j) {
      CHECK(moved(all[0], all[1], j));
      CHECK(moved(sampled[0], sampled[1], j) == (j == 2 || j == 3));
      CHECK(moved(sampled[1], sampled[2], j) == (j == 0 || j == 1));
      CHECK(moved(sampled[2], sampled[3], j) == (j == 2 || j == 5));
    }
  }
  CHECK_THROWS_WITH_AS(Trainer({.identities = 6, .batch = 2, .head = losses::make_head<S>({}), .head_sample_rate = 0}),
                       doctest::Contains("head_sample_rate: found 0.0"), Error);
}
