// What pre-training gives (he2022, Table 1): from scratch, 3D, FR and 3D + FR, and two pretext tasks beside them, each tuned with parts of
// the attribute labels of people that it never saw.
#include <berl/data/pretext.hpp>        // Rotations, Jigsaws
#include <berl/eval/fraction_plot.hpp>  // fraction_svg, fraction_picture
#include <berl/io/json.hpp>             // json_text, parse_json

#include <CLI/CLI.hpp>

#include "attribute_tuning.hpp"       // tune
#include "command_line.hpp"           // run_program
#include "evaluate/paper_tables.hpp"  // PaperTables, pretraining
#include "networks/network.hpp"       // network_kind

namespace {
using berl::Error;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

struct Asked {
  std::string network = "r18-quarter", out = "out/ablation", pool = "gap", paper;
  std::vector<std::string> rows{"scratch", "3D", "FR", "3D+FR"}, settings;
  std::vector<double> fractions{0.1, 0.3, 1};
  int seeds = 2, people = 300, each = 12, tuned_people = 400, test_people = 60, tuned_each = 3;
  long steps = 600;
  double lr = 0.05, pretext_lr = 0.01;
  tuning::Options options{.epochs = 16, .rate = 0.05, .batch = 20};
};

/// What the row of the table is trained for before it is tuned. All see the same number of pictures.
berl::train::Config config_of(Asked const& a, std::string const& row) {
  berl::train::Config c;
  c.network = a.network;
  c.flip = 0.5;
  c.stage[0] = {.steps = row == "FR" ? a.steps : 0, .lr = a.lr, .warm_up = 20};
  c.stage[1] = {.steps = 0};
  c.stage[2] = {.steps = row == "FR" ? 0 : a.steps, .lr = a.lr, .adam_lr = 5e-4, .warm_up = 20};
  if (row == "3D") c.gamma_fr = 0;
  c.log_every = c.checkpoint_every = std::max(1L, a.steps / 5);
  for (std::string const& setting : a.settings) {
    auto const equals = setting.find('=');
    if (equals == std::string::npos) throw Error("--set", "'" + setting + "'", "key=value", "Write, say, --set batch=64.");
    berl::train::set(c, setting.substr(0, equals), setting.substr(equals + 1), "--set");
  }
  berl::train::check(c);
  return c;
}

std::string text_of(fs::path const& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Stem to stage 3 of a pretext task; the file says by which settings it was made.
template <class Ways>
void train_pretext(Asked const& a, NetworkKind const& kind, TapHead head, Ways const& ways, std::string const& row, std::string const& made,
                   fs::path const& folder) {
  using namespace berl;
  auto const c = config_of(a, row);
  auto const network = kind.tap(head, {.batch = c.batch, .seed = 1, .threads = a.options.threads});
  train::Metrics metrics(folder);
  metrics.begin(0);
  train::Console console(stderr);
  auto const target = [&](int i, std::span<float> to) {
    std::fill(to.begin(), to.end(), 0.f);
    to[static_cast<std::size_t>(ways.label(i))] = 1;
  };
  // a mirrored picture is turned the other way, and its tiles come in no order of the list
  train::TapRun run{.name = row, .rate = a.pretext_lr, .augment = data::Augment::none(), .log_every = c.log_every};
  run.epochs = static_cast<double>(a.steps) * c.batch / ways.size();
  train::run_tap(*network, ways, target, run, metrics, console);
  network->save(folder / "model.safetensors", {.network = a.network});
  io::write_file(folder / "made.txt", made);
}

/// The weights that a row begins with, trained unless the folder has them already.
std::optional<berl::io::SafeTensors> pretrained(Asked const& a, NetworkKind const& kind, AnyDataset const& people, std::string const& row) {
  if (row == "scratch") return std::nullopt;
  fs::path const folder = fs::path(a.out) / "pretraining" / row, model = folder / "model.safetensors";
  fs::create_directories(folder);
  if (row == "rotation" || row == "jigsaw") {
    std::string made = fmt::format("{} {} steps, rate {}, {} pictures\n", row, a.steps, a.pretext_lr, people.size());
    for (auto const& [key, value] : berl::train::settings_of(config_of(a, row))) made += key + " = " + value + "\n";
    if (!fs::exists(model) || text_of(folder / "made.txt") != made) {
      if (row == "rotation")
        train_pretext(a, kind, TapHead::rotation, berl::data::Rotations(people), row, made, folder);
      else
        train_pretext(a, kind, TapHead::jigsaw, berl::data::Jigsaws(people), row, made, folder);
    }
  } else {
    kind.train(people, {.config = config_of(a, row), .threads = a.options.threads, .out = folder, .start = berl::train::Start::resume});
  }
  return berl::io::SafeTensors::read(model);
}

/// The runs of a row at a part, one for each seed.
struct Runs {
  std::vector<double> accuracies;
  double mean() const {
    double sum = 0;
    for (double const v : accuracies) sum += v;
    return sum / static_cast<double>(accuracies.size());
  }
  double deviation() const {
    double sum = 0;
    for (double const v : accuracies) sum += (v - mean()) * (v - mean());
    return accuracies.size() > 1 ? std::sqrt(sum / static_cast<double>(accuracies.size() - 1)) : 0;
  }
};

/// runs.jsonl: what was tuned before by the same settings is not tuned again.
class Record {
 public:
  Record(fs::path path, std::string settings) : path_(std::move(path)), settings_(std::move(settings)) {
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);)
      if (auto run = berl::io::parse_json<ordered_json>(line); is_run(run) && run["settings"] == settings_) runs_.push_back(std::move(run));
  }
  std::optional<double> find(std::string const& row, double fraction, int seed) const {
    for (auto const& r : runs_)
      if (r["row"] == row && r["part"] == fraction && r["seed"] == seed) return r["accuracy"].get<double>();
    return std::nullopt;
  }
  void add(std::string const& row, double fraction, int seed, tuning::Outcome const& found) {
    runs_.push_back({{"row", row},
                     {"part", fraction},
                     {"seed", seed},
                     {"pictures", found.pictures},
                     {"accuracy", found.mean},
                     {"loss", found.loss},
                     {"seconds", found.seconds},
                     {"settings", settings_}});
    std::ofstream(path_, std::ios::app) << berl::io::json_text(runs_.back()) << std::endl;
  }

 private:
  static bool is_run(ordered_json const& line) {
    if (!line.is_object()) return false;
    for (char const* const key : {"row", "part", "seed", "accuracy", "settings"})
      if (!line.contains(key)) return false;
    return line["accuracy"].is_number();
  }

  fs::path path_;
  std::string settings_;
  std::vector<ordered_json> runs_;
};

int run(int argc, char** argv) {
  Asked a;
  a.options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App app("Compares what a face network learns before it is tuned for attributes, on synthetic faces.", "ablation");
  app.add_option("--out", a.out, "the folder of results; what is there already is not computed again")->capture_default_str();
  app.add_option("--rows", a.rows, "which rows, in their order: of scratch, 3D, FR, 3D+FR, rotation, jigsaw")
      ->delimiter(',')
      ->capture_default_str()
      ->check(CLI::IsMember({"scratch", "3D", "FR", "3D+FR", "rotation", "jigsaw"}));
  app.add_option("--fractions", a.fractions, "parts of the labels")->delimiter(',')->capture_default_str();
  app.add_option("--seeds", a.seeds, "tunings of each row and part, of other labels, heads and orders")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  app.add_option("--network", a.network, "r18-quarter, r18, r50 or r100")->capture_default_str();
  app.add_option("--steps", a.steps, "of pre-training")->capture_default_str()->check(CLI::Range(1L, 100'000'000L));
  app.add_option("--lr", a.lr, "rate of SGD in pre-training")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--pretext-lr", a.pretext_lr, "the same of rotation and jigsaw, whose loss is of another size")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--people", a.people, "of pre-training")->capture_default_str()->check(CLI::Range(2, 10'000'000));
  app.add_option("--pictures", a.each, "of each of them")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--tuned-people", a.tuned_people, "with attributes to train on")->capture_default_str()->check(CLI::Range(1, 10'000'000));
  app.add_option("--test-people", a.test_people, "with attributes to test with")->capture_default_str()->check(CLI::Range(1, 10'000'000));
  app.add_option("--tuned-pictures", a.tuned_each, "of each of both")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--epochs", a.options.epochs, "of tuning")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--batch", a.options.batch, "of tuning")->capture_default_str()->check(CLI::Range(2, 100'000));
  app.add_option("--tuning-lr", a.options.rate, "rate of SGD in tuning")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--pool", a.pool, "gap: the linear layers see the means of stage 3; flatten: all of it")
      ->capture_default_str()
      ->check(CLI::IsMember({"flatten", "gap"}));
  evaluate::add_paper(app, a.paper);
  app.add_option("--set", a.settings, "key=value of `train`, for pre-training")->expected(1)->take_all()->allow_extra_args(false);
  app.add_option("--threads", a.options.threads, "threads; the results are the same for any number")->check(CLI::Range(1, 1024));
  app.footer(
      "\nAll rows see the same number of pictures before they are tuned: 3D by L_Recon alone, FR by L_FR alone, 3D+FR by both from the\n"
      "first step on, rotation and jigsaw by telling which way a picture was turned or cut up; then each is tuned as a whole. The paper:\n"
      "--network r100 --epochs 60 --batch 40 --tuning-lr 0.01 --pool flatten, and a million steps.\n"
      "Written: runs.jsonl (each tuning), results.json, results.csv, curves.svg, curves.png, pretraining/ROW.\n"
      "Exit code: 0 all is well; 2 something given cannot be used; 3 a loss was not finite.\n");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  std::sort(a.fractions.begin(), a.fractions.end());
  a.options.head = a.pool == "gap" ? TapHead::pooled_attributes : TapHead::attributes;
  a.options.log_every = 1'000'000;                                // the last step alone
  for (std::string const& row : a.rows) (void)config_of(a, row);  // what it refuses is said before hours of work
  auto const& kind = network_kind(a.network);
  if (kind.tap == nullptr) throw Error("--network", a.network, "a face network", "It has no stages to tune.");
  auto const published = evaluate::PaperTables(a.paper)[evaluate::paper::pretraining];
  fs::create_directories(a.out);
  double const began = berl::train::now();

  using berl::data::SyntheticFaces;
  SyntheticFaces const faces(
      {.seed = {7}, .identities = a.people, .pictures_per_identity = a.each, .options = berl::data::attribute_scenes()});
  AnyDataset const people{berl::data::Remembered<SyntheticFaces>(faces)};
  auto const data = tuning::open_synthetic({.seed = {7},
                                            .identities = a.tuned_people + a.test_people,
                                            .pictures_per_identity = a.tuned_each,
                                            .first_identity = 50'000'000,
                                            .options = berl::data::attribute_scenes()},
                                           a.test_people);
  std::string settings = fmt::format("{} steps {} lr {} and {} people {}x{} tuned {}+{}x{} epochs {} batch {} rate {} {}", a.network,
                                     a.steps, a.lr, a.pretext_lr, a.people, a.each, a.tuned_people, a.test_people, a.tuned_each,
                                     a.options.epochs, a.options.batch, a.options.rate, a.pool);
  for (auto const& s : a.settings) settings += " " + s;
  Record record(fs::path(a.out) / "runs.jsonl", settings);
  berl::train::Metrics no_metrics{fs::path()};
  berl::train::Console console(stderr);
  evaluate::Table table{.title = "Attribute accuracy of synthetic faces after different pre-training, percent (as he2022, Table 1)",
                        .columns = {},
                        .paper = {},
                        .ours = {}};
  for (double const f : a.fractions) table.columns.push_back(tuning::percent(f));
  std::vector<berl::eval::FractionCurve> curves;
  for (std::string const& row : a.rows) {
    console.say(row);
    auto const start = pretrained(a, kind, people, row);
    evaluate::Row ours{row, {}};
    berl::eval::FractionCurve curve{row, {}};
    for (double const fraction : a.fractions) {
      Runs runs;
      for (int seed = 1; seed <= a.seeds; ++seed) {
        auto known = record.find(row, fraction, seed);
        if (!known) {
          auto const found = tuning::tune(kind, data, fraction, static_cast<std::uint64_t>(seed), start ? &*start : nullptr, a.options,
                                          fmt::format("{}, {}, seed {}", row, tuning::percent(fraction), seed), no_metrics, console);
          record.add(row, fraction, seed, found);
          known = found.mean;
        }
        runs.accuracies.push_back(*known);
      }
      ours.values.push_back(100 * runs.mean());
      if (a.seeds > 1) ours.deviations.push_back(100 * runs.deviation());
      curve.points.push_back({fraction, runs.mean(), runs.deviation()});
    }
    table.ours.push_back(std::move(ours));
    curves.push_back(std::move(curve));
  }
  console.end();

  evaluate::Report report("ablation");
  report["settings"] = settings;
  if (!published.paper.empty()) report.add(published);
  report.add(table);
  report.note(
      fmt::format("{} labelled pictures at 100%, {} to test with, {} attributes; the more frequent answer alone is right in {:.2f} %.",
                  data.list.of(berl::data::AttributeSplit::train).size(), data.list.of(berl::data::AttributeSplit::test).size(),
                  data.told().size(), 100 * data.blind()));
  report.note(fmt::format("Mean and standard deviation of {} tunings; {:.0f} s.", a.seeds, berl::train::now() - began));
  report.print();
  report.write(a.out);
  berl::io::write_file(fs::path(a.out) / "curves.svg", berl::eval::fraction_svg(curves, "attributes after pre-training"));
  berl::io::write_png(fs::path(a.out) / "curves.png", berl::eval::fraction_picture(curves, "attributes after pre-training"));
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("ablation", [&] { return run(argc, argv); });
}
