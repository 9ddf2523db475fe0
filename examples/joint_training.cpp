// What the reconstruction gives to recognition: stage 1 alone, as much more recognition without it, and joint training, from the same
// weights with the same pictures, on people who were not trained on (he2022, Sec. 4.4: the backbone alone against 3D-BERL).
#include <berl/data/remembered.hpp>      // Remembered
#include <berl/data/synthetic_face.hpp>  // SyntheticFaces
#include <berl/io/atomic_file.hpp>       // write_file
#include <berl/io/json.hpp>              // json_text, parse_json

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <fstream>
#include <thread>

#include "command_line.hpp"            // run_program
#include "joint_training/figures.hpp"  // HeldOut
#include "joint_training/results.hpp"  // Results
#include "networks/network.hpp"        // network_kind, open_network
#include "settings_file.hpp"           // read_settings
#include "stop_signal.hpp"             // stop, stop_on_signals

namespace {
namespace fs = std::filesystem;
using berl::Error, berl::train::Config, berl::data::SyntheticFaces;
using joint_training::ordered_json;

constexpr berl::Seed world{7};
struct Set {
  char const* name;
  std::uint64_t first;  ///< of its people; those trained on are 0, 1, ...
};
constexpr Set sets[] = {{"test", 300'000}, {"development", 200'000}};

struct Plan {
  Config config;
  std::vector<std::uint64_t> seeds{1, 2, 3};
  fs::path out = "out/joint_training";
  std::string on = sets[0].name;
  int people = 100, pictures = 10, threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  double yaw = 45, occluded = 0.25;

  Plan() {
    config.flip = 0.5, config.gamma_recon = 30;  // at 1, next to an L_FR of 20, joint training is the control: docs/results.md
    config.stage[0] = {.steps = 300, .lr = 0.05, .warm_up = 20};
    config.stage[1] = {.steps = 400, .adam_lr = 5e-4};
    config.stage[2] = {.steps = 200, .lr = 0.03, .adam_lr = 5e-4};
    config.synthetic_identities = 100;
  }
};

/// One training of a seed, and from which of the others it goes on.
struct Phase {
  char const *name, *measured;  ///< the latter null where the network is as it was before
  Config config;
  std::string from;
};
/// The settings of a phase are free of what only later ones need.
std::vector<Phase> phases_of(Config const& whole) {
  Config recognition = whole, reconstruction = whole, control = whole;
  recognition.stage[1] = recognition.stage[2] = reconstruction.stage[2] = {.steps = 0};
  recognition.gamma_recon = reconstruction.gamma_recon = 1;
  recognition.flip = recognition.smoothness = 0;
  control.gamma_recon = control.flip = control.smoothness = 0;
  std::vector<Phase> phases;
  std::string from;
  if (whole.stage[0].steps != 0) phases.push_back({"recognition", "stage 1", recognition, from}), from = "recognition";
  if (whole.stage[1].steps != 0) phases.push_back({"reconstruction", nullptr, reconstruction, from}), from = "reconstruction";
  phases.push_back({"control", "control", control, from});
  phases.push_back({"joint", "joint", whole, from});
  return phases;
}

ordered_json read_json(fs::path const& file) {
  std::ifstream in(file);
  auto json = berl::io::parse_json<ordered_json>(std::string(std::istreambuf_iterator<char>(in), {}));
  if (!json.is_object()) throw Error(file.string(), "no JSON object", "a file that `joint_training` has written", "Remove it.");
  return json;
}
/// What all files of the folder depend on is written there, and must be the same when one goes on.
void require_same_settings(Plan const& plan) {
  ordered_json settings(berl::train::settings_of(plan.config));
  settings["yaw"] = berl::io::to_text(plan.yaw), settings["occluded"] = berl::io::to_text(plan.occluded);
  settings["people"] = std::to_string(plan.people), settings["pictures"] = std::to_string(plan.pictures);
  fs::path const file = plan.out / "settings.json";
  fs::create_directories(plan.out);
  if (!fs::exists(file)) return berl::io::write_file(file, berl::io::json_text(settings, 1) + "\n");
  auto const before = read_json(file);
  for (auto const& [key, value] : settings.items()) {
    auto const then = before.value(key, std::string("nothing")), now = value.get<std::string>();
    if (then != now)
      throw Error(file.string(), key + " = " + then, now, "Go on with the settings that the folder began with, or give another --out.");
  }
}

/// All trainings and all measurements that are not there yet.
class Comparison {
 public:
  explicit Comparison(Plan const& plan)
      : plan_(plan),
        faces_({.seed = world,
                .identities = plan.config.synthetic_identities,
                .pictures_per_identity = plan.config.synthetic_pictures,
                .options = {.yaw = {-plan.yaw, plan.yaw}, .pitch = {-15, 15}, .occluder_probability = plan.occluded}}),
        seen_(berl::data::Remembered(faces_)) {}

  /// The figures of each seed, or nothing where a signal has stopped it.
  std::optional<ordered_json> run() {
    ordered_json all;
    auto const phases = phases_of(plan_.config);
    for (std::size_t s = 0; s < plan_.seeds.size(); ++s) {
      std::string const seed = std::to_string(plan_.seeds[s]);
      fs::path const folder = plan_.out / ("seed_" + seed), file = folder / (plan_.on + ".json");
      if (!fs::exists(file)) {
        ordered_json arms;
        for (auto const& phase : phases) {
          fmt::print(stderr, "seed {} ({} of {}), {}{}\n", seed, s + 1, plan_.seeds.size(), phase.name, time_left(phases, phase, s));
          if (train(phase, plan_.seeds[s], folder) == berl::train::Outcome::stopped) return std::nullopt;
          if (phase.measured) arms[phase.measured] = measure(folder / phase.name);
        }
        berl::io::write_file(file, berl::io::json_text(arms, 1) + "\n");
      }
      all[seed] = read_json(file);
    }
    return all;
  }

 private:
  berl::train::Outcome train(Phase const& phase, std::uint64_t seed, fs::path const& folder) {
    berl::train::SessionOptions options{.config = phase.config, .seed = seed, .threads = plan_.threads, .out = folder / phase.name};
    options.start = berl::train::Start::resume;
    if (!phase.from.empty()) options.from = folder / phase.from / "state.safetensors";
    options.stop = &stop;
    auto const outcome = network_kind(phase.config.network).train(seen_, options);
    if (outcome == berl::train::Outcome::finished) {
      auto const all = [&](std::string const& name) { return read_json(folder / name / "summary.json").at("seconds").get<double>(); };
      seconds_[phase.name] = all(phase.name) - (phase.from.empty() ? 0 : all(phase.from));
    }
    return outcome;
  }
  ordered_json measure(fs::path const& model) {
    if (!held_out_) {
      auto const* set = sets;
      while (set->name != plan_.on) ++set;
      held_out_.emplace(
          SyntheticFaces(
              {.seed = world, .identities = plan_.people, .pictures_per_identity = plan_.pictures, .first_identity = set->first}),
          plan_.threads);
    }
    return held_out_->figures(open_network(model / "model.safetensors", plan_.threads)->embed_fused(held_out_->pictures()));
  }
  /// By what each phase took last.
  std::string time_left(std::vector<Phase> const& phases, Phase const& next, std::size_t seed) const {
    double seconds = 0;
    bool known = true;
    auto const after = static_cast<double>(plan_.seeds.size() - seed - 1);
    for (auto const& phase : phases) {
      auto const took = seconds_.find(phase.name);
      known = known && took != seconds_.end();
      if (known) seconds += (&phase >= &next ? after + 1 : after) * took->second;
    }
    return known ? ": about " + berl::train::clock_text(seconds) + " left" : "";
  }

  Plan const& plan_;
  SyntheticFaces faces_;
  AnyDataset seen_;  // drawing a face takes longer than a step
  std::optional<joint_training::HeldOut> held_out_;
  std::map<std::string, double> seconds_;
};

constexpr char const* footer =
    "\nFor each seed: stage 1 (the backbone, L_FR), then stage 2 (the auxiliary networks, L_Recon, the backbone frozen), and from there "
    "twice\n"
    "stage 3 with the same pictures, rates and random numbers: `control` with the weight of L_Recon 0, `joint` with gamma_recon. Then "
    "each\n"
    "is measured on all pairs of people who were not trained on (yaw to 60 degrees, any light, a quarter occluded; a pair is as hard as\n"
    "the harder of its pictures): TAR at FAR among the pairs of each stratum, and accuracy in ten folds. A stage of 0 steps is left out.\n"
    "\n"
    "Settings are chosen by --on development, whose people are neither those trained on nor those of --on test.\n"
    "\n"
    "Written to --out: settings.json; seed_N/ with the four trainings and their figures, each as soon as it is there; test.json and\n"
    "test.csv. What is there is not done again, so a run that was stopped goes on where it was.\n"
    "Exit code: 0 all is done; 2 something given cannot be used; 3 a loss was not finite; 130 or 143 stopped by SIGINT or SIGTERM.\n";

std::string own_defaults() {
  std::string text = "\nKeys of --set whose defaults are not those of `train`, which lists all with --help:\n";
  Config const usual, own = Plan().config;
  auto const others = berl::train::settings_of(usual);
  for (auto const& [key, value] : berl::train::settings_of(own))
    if (others.at(key) != value) text += fmt::format("  {:<28} {}\n", key, value);
  return text;
}

int run(int argc, char** argv) {
  Plan plan;
  std::string config;
  std::vector<std::string> settings;
  CLI::App app("Measures what the reconstruction gives to recognition, on synthetic faces.", "joint_training");
  app.footer(footer + own_defaults());
  app.add_option("--out", plan.out, "the folder for the results")->capture_default_str();
  app.add_option("--seeds", plan.seeds, "of everything random in a training, say 1,2,3")->delimiter(',')->capture_default_str();
  app.add_option("--on", plan.on, "the people to measure on")->capture_default_str()->check(CLI::IsMember({sets[0].name, sets[1].name}));
  app.add_option("--people", plan.people, "how many they are")->capture_default_str()->check(CLI::Range(2, 10'000));
  app.add_option("--pictures", plan.pictures, "pictures of each of them")->capture_default_str()->check(CLI::Range(2, 100));
  app.add_option("--yaw", plan.yaw, "the greatest yaw trained on, degrees")->capture_default_str()->check(CLI::Range(0.0, 90.0));
  app.add_option("--occluded", plan.occluded, "part of the pictures trained on that are occluded")->capture_default_str();
  app.add_option("--config", config, "a TOML file of keys");
  app.add_option("--set", settings, "key=value, over the file; may be given several times")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--threads", plan.threads, "the results are the same for any number")->capture_default_str()->check(CLI::Range(1, 1024));
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  read_settings(plan.config, config, settings);
  berl::train::check(plan.config);
  if (plan.config.gamma_recon == 0)
    throw Error("--set gamma_recon", "0", "a weight above 0", "The control is what has the weight 0; joint training is compared with it.");
  Comparison comparison(plan);
  require_same_settings(plan);
  stop_on_signals();
  auto const by_seed = comparison.run();
  if (!by_seed) return 128 + stop;
  joint_training::Results const results(*by_seed);
  berl::io::write_file(plan.out / (plan.on + ".json"), berl::io::json_text(results.json(), 1) + "\n");
  berl::io::write_file(plan.out / (plan.on + ".csv"), results.csv());
  fmt::print("{} people of {}, {} pictures each; {} seeds: mean ± deviation\n{}", plan.people, plan.on, plan.pictures, plan.seeds.size(),
             results.text());
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  auto const body = [&] {
    try {
      return run(argc, argv);
    } catch (nlohmann::json::exception const& e) {
      throw Error("a file in --out", e.what(), "what `joint_training` has written", "Give another folder.");
    }
  };
  return run_program("joint_training", body, "make `batch` smaller");
}
