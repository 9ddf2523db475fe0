// Trains a face network: the backbone, then the networks that explain the face as a solid, lit object, then all together.
#include <berl/data/cropped_pictures.hpp>  // CroppedPictures
#include <berl/data/synthetic_face.hpp>    // SyntheticFaces
#include <berl/eval/faces.hpp>             // faces_png
#include <berl/eval/pair_pictures.hpp>     // PairPictures

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <set>
#include <thread>

#include "command_line.hpp"  // run_program
#include "device.hpp"        // DeviceOptions
#include "networks/network.hpp"
#include "pictures.hpp"       // with_people, is_file_of_people
#include "settings_file.hpp"  // read_settings
#include "stop_signal.hpp"    // stop, stop_on_signals

namespace {
using berl::Error;
using berl::train::Config;

AnyDataset open_data(std::string const& data, std::string const& landmarks, std::string const& crops, Config const& config,
                     std::uint64_t seed) {
  bool const folder = data != "synthetic" && !is_file_of_people(data);
  if (!crops.empty()) {
    if (!folder || !landmarks.empty())
      throw Error("--crops", folder ? "--landmarks too" : crops + " for --data " + data, "a folder of pictures and one list",
                  "Leave one of them out.");
    if (config.stage[0].steps != 0 || config.stage[2].steps != 0)
      throw Error("--crops", "stages that learn who is who", "stage 2 alone, since crops have no names", "Use --preset unsup3d.");
    return AnyDataset(berl::data::CroppedPictures(data, crops));
  }
  if (data == "synthetic" && !landmarks.empty())
    throw Error("--landmarks", landmarks + " for --data synthetic", "a folder of pictures", "Leave it out; synthetic faces are aligned.");
  if (data == "synthetic")
    return AnyDataset(berl::data::SyntheticFaces(
        {.seed = {seed}, .identities = config.synthetic_identities, .pictures_per_identity = config.synthetic_pictures, .options = {}}));
  return with_people(data, landmarks, [](auto people) { return AnyDataset(std::move(people)); });
}

std::string all_keys() {
  std::string text = "\nKeys of --config and --set, with their defaults:\n";
  Config const defaults;
  berl::train::visit_config(defaults, [&](char const* key, auto const& value, char const* what, bool) {
    text += fmt::format("  {:<28} {:<12} {}\n", key, berl::io::to_text(value), what);
  });
  text += "\nHeads:\n";
  for (auto const& kind : berl::losses::head_kinds) {
    std::string constants;
    for (auto const* const form : kind.forms) constants += fmt::format("{} {}", constants.empty() ? "form" : " or", form);
    for (std::size_t k = 0; k < std::size(kind.published); ++k)
      if (kind.published[k])
        constants += fmt::format("{}{} {}", constants.empty() ? "" : ", ", berl::losses::head_constants[k].name, *kind.published[k]);
    text += fmt::format("  {:<28} {}\n", kind.layout.name, constants);
  }
  text += "\nNetworks:\n";
  for (auto const* const kind : network_kinds()) text += fmt::format("  {:<28} {}\n", kind->name, kind->text);
  return text +
         "\nWritten to --out: metrics.jsonl, summary.json, model.safetensors, state.safetensors, faces.png; the files before the newest "
         "are\n"
         "kept as *.previous. Exit code: 0 the training is over; 2 something given cannot be used; 3 a loss was not finite;\n"
         "130 or 143 stopped by SIGINT or SIGTERM, and saved.\n";
}

/// Faces to look at: of the list of pairs, which training has not seen, or else one of each of the first identities.
std::vector<berl::io::Image> shown_faces(AnyDataset const& pictures, std::string const& list, std::size_t most) {
  std::vector<berl::io::Image> faces;
  if (!list.empty()) {
    berl::eval::PairPictures const pairs(list, 112);
    std::size_t const n = pairs.paths().size(), stride = std::max<std::size_t>(1, n / most);
    for (std::size_t i = 0; i < n && faces.size() < most; i += stride) faces.push_back(pairs.load(i));
    return faces;
  }
  std::set<int> seen;
  for (int i = 0; i < pictures.size() && faces.size() < most; ++i)
    if (seen.insert(pictures.label(i)).second) faces.push_back(pictures.load(i));
  return faces;
}

struct Plan {
  std::string data;
  berl::train::SessionOptions options;
};

void print_plan(Plan const& plan, AnyDataset const& pictures, NetworkKind const& kind) {
  auto const& c = plan.options.config;
  long const epoch = (pictures.size() + c.batch - 1) / c.batch;
  fmt::print("data        {}: {} pictures of {} identities\n", plan.data, pictures.size(), pictures.identities());
  fmt::print("network     {}: {}\n", kind.name, kind.text);
  char const* const trained[] = {"backbone and head, L_FR", "auxiliary networks, L_Recon; the backbone is frozen",
                                 "everything, L_FR + L_Recon"};
  for (int k = 0; k < 3; ++k) {
    auto const& s = c.stage[k];
    long const steps = berl::train::stage_steps(s, epoch);
    std::string rates;
    if (k != 1) rates += fmt::format(", SGD {}", berl::train::stage_rate(c, k));
    if (k != 0) rates += fmt::format(", Adam {}", s.adam_lr);
    fmt::print("stage {}     {} steps of {} pictures ({:.2f} epochs): {}{}\n", k + 1, steps, c.batch, double(steps) / double(epoch),
               trained[k], rates);
  }
  auto const& head = berl::losses::head_kind(c.head.kind).layout;
  fmt::print("head        {}\n", head.name);
  fmt::print("parameters  backbone {}, head {}, auxiliary {}\n", kind.backbone_parameters,
             std::int64_t{pictures.identities()} * (kind.embedding + (head.number != nullptr ? 1 : 0)),
             kind.auxiliary_parameters + (c.confidence ? kind.confidence_parameters : 0));
  fmt::print("work        multiply-adds for a picture, forward: backbone {} (up to stage 3: {}), auxiliary {}\n", kind.backbone_macs,
             kind.trunk_macs, kind.auxiliary_macs + (c.confidence ? kind.confidence_macs : 0));
  berl::train::Sizes const sizes{pictures.identities(), c.batch, plan.options.threads, c.flip > 0,   c.imaging.supersampling,
                                 c.confidence,          head,    c.head_sample_rate,   c.head_filter};
  std::size_t const bytes = kind.step_bytes(sizes);
  fmt::print("memory      {} bytes ({:.1f} MiB) for a step on the host\n", bytes, double(bytes) / double(berl::MiB));
}

int run(int argc, char** argv) {
  Plan plan;
  auto& options = plan.options;
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::string out, config, landmarks, crops, preset = "paper";
  std::vector<std::string> settings;
  bool resume = false, dry = false;
  DeviceOptions device;
  CLI::App app("Trains a face network with self-supervised 3D reconstruction.", "train");
  app.footer(all_keys());
  app.add_option("--data", plan.data, people_help)->required();
  app.add_option("--landmarks", landmarks, "a CSV of five points for each picture of the folder that is not 112 x 112, to align it by");
  app.add_option("--crops", crops,
                 "a list file,split,x0,y0,width,height with blanks in between, of which split 0 is trained on: Unsup3D's\n"
                 "crops of CelebA, for --preset unsup3d");
  app.add_option("--out", out, "the folder for what is written");
  app.add_option("--config", config, "a TOML file of keys");
  app.add_option("--set", settings, "key=value, over the file; may be given several times")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option(
      "--preset", preset,
      "paper; paper+flip, which adds the mirrored reconstruction; or unsup3d, the method without a face network (default: paper)");
  app.add_option("--pairs", options.pairs, "a list path_a,path_b,same of pictures to verify on");
  app.add_option("--seed", options.seed, "of everything random (default: 1)");
  app.add_option("--threads", options.threads, "threads; the results are the same for any number")->check(CLI::Range(1, 1024));
  device.add_to(app);
  app.add_flag_callback(
      "--no-graph", [&options] { options.graph = false; },
      "put a step's kernels into a GPU's queue one by one, not as one CUDA graph that is recorded once");
  app.add_flag("--resume", resume, "go on where the training in --out stopped; without a state there it begins");
  app.add_flag("--dry-run", dry, "print what would be done, and stop");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  auto const gpu = device.gpu();
  if (gpu) options.gpu = gpu->number, options.precision = gpu->precision;
  if (!options.graph && !gpu) throw Error("--no-graph", "it on the cpu", "a GPU", "Leave it out, or give --device cuda.");
  berl::train::set_preset(options.config, preset);
  read_settings(options.config, config, settings);
  berl::train::check(options.config);
  auto const& kind = network_kind(options.config.network);
  auto const pictures = open_data(plan.data, landmarks, crops, options.config, options.seed);
  if (dry) return print_plan(plan, pictures, kind), 0;
  if (out.empty()) throw Error("--out", "no folder", "a folder for what is written", "Give one, or --dry-run.");
  options.out = out;
  options.start = resume ? berl::train::Start::resume : berl::train::Start::fresh;
  options.stop = &stop;
  stop_on_signals();
  auto const outcome = gpu ? train_on_gpu(pictures, options) : kind.train(pictures, options);
  if (auto const warning = pictures.warning()) fmt::print(stderr, "warning: {}\n", *warning);
  if (outcome == berl::train::Outcome::finished)
    berl::eval::faces_png(
        options.out / "faces.png",
        open_network(options.out / "model.safetensors", options.threads)->explain(shown_faces(pictures, options.pairs, 8)));
  return outcome == berl::train::Outcome::stopped ? 128 + stop : 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program(
      "train", [&] { return run(argc, argv); }, "make `batch` smaller; --dry-run says how much a step needs");
}
