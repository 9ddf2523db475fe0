#include <berl/train/config.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <set>

#include "../io/scratch_folder.hpp"

using namespace berl;
using test::message_of;
using train::Config;

TEST_CASE("config: every key can be set to its own text, and is listed once") {
  Config config;
  std::set<std::string> keys;
  visit_config(config, [&](char const* key, auto const& value, char const* what, bool) {
    CHECK(keys.insert(key).second);
    CHECK(std::string(what) != "");
    CHECK_NOTHROW(train::set(config, key, io::to_text(value), "test"));
  });
  CHECK(keys.size() == 76);
  CHECK(settings_of(config) == settings_of(Config{}));
  CHECK_NOTHROW(train::check(config));
  train::set(config, "imaging.padding", "border", "test");
  train::set(config, "reconstruction.masking", "image", "test");
  train::set(config, "augment.crop", "0.2", "test");
  CHECK(config.imaging.padding == imaging::Padding::border);
  CHECK(config.reconstruction.masking == losses::Masking::image);
  CHECK(config.augment.crop == 0.2);
  train::set(config, "confidence", "true", "test");
  train::set(config, "smoothness", "0.01", "test");
  CHECK(config.confidence);
  CHECK(config.smoothness == 0.01);
  CHECK(settings_of(config).at("confidence") == "true");  // the bits depend on both
  CHECK(settings_of(config).at("smoothness") == "0.01");
  CHECK(settings_of(config) != settings_of(Config{}));
  CHECK(settings_of(config).at("head.form") == "auto");  // curricularface has one form
  config.head.kind = "magface";
  CHECK(settings_of(config).at("head.form") == "easy");
  train::set(config, "head.form", "lowered", "test");
  CHECK(settings_of(config).at("head.form") == "lowered");
  CHECK_NOTHROW(train::check(config));
}

TEST_CASE("config: a key that does not exist is answered with the nearest one") {
  Config config;
  auto const answer = [&](char const* key, char const* value) {
    return message_of<Error>([&] { train::set(config, key, value, "a.toml, line 3"); });
  };
  CHECK(answer("stge1.steps", "1") ==
        "a.toml, line 3: found the key 'stge1.steps'; expected a known key. Did you mean 'stage1.steps'? --help lists all keys.");
  CHECK(answer("weightdecay", "1").find("'weight_decay'") != std::string::npos);
  CHECK(answer("imaging.depth_mim", "1").find("'imaging.depth_min'") != std::string::npos);
  CHECK(answer("checkpoint", "1").find("Did you mean '") != std::string::npos);
  CHECK(answer("batch", "many").find("a.toml, line 3: batch: found 'many'; expected a whole number") == 0);
  CHECK(answer("resize", "cubic").find("one of bilinear, triangle, area") != std::string::npos);
  CHECK(config.batch == Config{}.batch);
}

TEST_CASE("config: lengths, rates and presets") {
  Config config;
  CHECK(train::stage_steps(config.stage[0], 31) == 24 * 31);
  train::set(config, "stage1.steps", "100", "test");
  CHECK(train::stage_steps(config.stage[0], 31) == 100);
  train::set(config, "stage1.epochs", "2.5", "test");  // what is said last holds
  CHECK(train::stage_steps(config.stage[0], 10) == 25);
  config.batch = 200;
  CHECK(train::stage_rate(config, 0) == 0.1 * 200 / 512);  // spec 5.3
  CHECK(train::stage_rate(config, 2) == doctest::Approx(0.01 * 200 / 512));
  train::set(config, "stage3.lr", "0.5", "test");
  CHECK(train::stage_rate(config, 2) == 0.5);
  train::set_preset(config, "paper+flip");
  CHECK(config.flip == 0.5);
  train::set_preset(config, "paper");
  CHECK(config.flip == 0);
  CHECK_THROWS_AS(train::set_preset(config, "papre"), Error);
  Config unsup3d;
  train::set_preset(unsup3d, "unsup3d");
  CHECK(unsup3d.confidence);
  CHECK(unsup3d.flip == 0.5);
  CHECK(train::stage_steps(unsup3d.stage[0], 31) + train::stage_steps(unsup3d.stage[2], 31) == 0);
  CHECK(train::stage_steps(unsup3d.stage[1], 31) == 30 * 31);
}

TEST_CASE("config: numbers that make no training") {
  auto const refused = [](char const* key, char const* value) {
    Config config;
    train::set(config, key, value, "test");
    return message_of<Error>([&] { train::check(config); }).find(std::string("setting ") + key + ": found ") == 0;
  };
  CHECK(refused("batch", "0"));
  CHECK(refused("batch", "-3"));
  CHECK(refused("stage2.steps", "-1"));
  CHECK(refused("stage3.epochs", "-1"));
  CHECK(refused("checkpoint.every", "0"));
  CHECK(refused("imaging.supersampling", "0"));
  CHECK(refused("imaging.depth_max", "0.5"));
  CHECK(refused("augment.flip", "1.5"));
  CHECK(refused("flip", "-1"));
  CHECK(refused("smoothness", "-0.1"));
}
