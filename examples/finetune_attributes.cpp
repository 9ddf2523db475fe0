// Attributes of faces from few labels: stem to stage 3 of a trained network under two linear layers, tuned with parts of the labels.
#include <berl/eval/fraction_plot.hpp>  // fraction_svg, fraction_picture
#include <berl/io/json.hpp>             // json_text

#include <CLI/CLI.hpp>

#include "attribute_tuning.hpp"       // tune
#include "command_line.hpp"           // run_program
#include "evaluate/paper_tables.hpp"  // PaperTables, celeba, lfwa
#include "networks/network.hpp"       // network_kind

namespace {
using berl::Error;
namespace fs = std::filesystem;

struct Asked {
  std::string celeba, lfwa, pictures, landmarks, init = "scratch", network = "r18-quarter", pool = "flatten", paper, out, name = "ours";
  std::vector<double> fractions;
  std::uint64_t seed = 1;
  int people = 150, each = 4, test_people = 60;
  bool synthetic = false;
  tuning::Options options;
};

tuning::Data open(Asked const& a) {
  if ((a.synthetic ? 1 : 0) + (a.celeba.empty() ? 0 : 1) + (a.lfwa.empty() ? 0 : 1) != 1)
    throw Error("--synthetic, --celeba, --lfwa", "none or several of them", "one", "Give the attributes to learn.");
  if (!a.celeba.empty()) return tuning::open_celeba(a.celeba);
  if (!a.lfwa.empty()) return tuning::open_lfwa(a.lfwa, a.pictures, a.landmarks);
  return tuning::open_synthetic({.seed = {7},
                                 .identities = a.people + a.test_people,
                                 .pictures_per_identity = a.each,
                                 .first_identity = 50'000,
                                 .options = berl::data::attribute_scenes()},
                                a.test_people);
}
/// The paper's table of the set, with a column for each part; parts that it does not have come first.
evaluate::Table table_for(Asked const& a) {
  evaluate::Table table{
      .title = "Attribute accuracy of synthetic faces by part of the training pictures, percent", .columns = {}, .paper = {}, .ours = {}};
  if (!a.synthetic) table = evaluate::PaperTables(a.paper)[a.lfwa.empty() ? evaluate::paper::celeba : evaluate::paper::lfwa];
  for (double const f : a.fractions)
    if (std::find(table.columns.begin(), table.columns.end(), tuning::percent(f)) == table.columns.end()) {
      table.columns.insert(table.columns.begin(), tuning::percent(f));
      for (auto& row : table.paper) row.values.insert(row.values.begin(), evaluate::not_given);
    }
  if (a.synthetic) std::reverse(table.columns.begin(), table.columns.end());
  return table;
}

int run(int argc, char** argv) {
  Asked a;
  a.options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App app("Tunes a trained face network for attributes, with parts of the labels.", "finetune_attributes");
  app.add_flag("--synthetic", a.synthetic, "synthetic faces, 25 of whose attributes can be told");
  app.add_option("--celeba", a.celeba,
                 "CelebA's folder: list_attr_celeba.txt, list_eval_partition.txt, and pictures in img_align_celeba or img_celeba,\n"
                 "aligned by list_landmarks_align_celeba.txt or list_landmarks_celeba.txt where they are not 112 x 112");
  app.add_option("--lfwa", a.lfwa, "LFWA as text: `path TAB split TAB 40 digits` in each line");
  app.add_option("--pictures", a.pictures, "with --lfwa: the folder of the paths (default: images, beside the text)");
  app.add_option("--landmarks", a.landmarks, "with --lfwa: a list path,x1,y1,...,x5,y5 to align pictures by");
  app.add_option("--init", a.init, "a model.safetensors of `train`, or any file with the names of the backbone; or: scratch")
      ->capture_default_str();
  app.add_option("--network", a.network, "the network, where --init is not a file that says it")->capture_default_str();
  app.add_option("--fractions", a.fractions, "parts of the labels, as 0.05,0.1,1 (default: those of the paper's table)")->delimiter(',');
  app.add_option("--epochs", a.options.epochs, "length; the rate falls to a tenth at its half and five sixths")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch", a.options.batch, "pictures of a step")->capture_default_str()->check(CLI::Range(2, 100'000));
  app.add_option("--lr", a.options.rate, "rate of SGD")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--pool", a.pool, "flatten: the linear layers see all of stage 3; gap: the means of its channels")
      ->capture_default_str()
      ->check(CLI::IsMember({"flatten", "gap"}));
  app.add_option("--people", a.people, "synthetic people to train on")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--test-people", a.test_people, "synthetic people to test with")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--pictures-each", a.each, "synthetic pictures of each")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--seed", a.seed, "of the parts, the head and the order of pictures")->capture_default_str();
  app.add_option("--threads", a.options.threads, "threads; the results are the same for any number")->check(CLI::Range(1, 1024));
  evaluate::add_paper(app, a.paper);
  app.add_option("--name", a.name, "what our row is called")->capture_default_str();
  app.add_option("--out", a.out,
                 "a folder for metrics.jsonl, summary.json, results.json, results.csv, curve.svg, curve.png and, of the largest part,\n"
                 "attributes.safetensors, the network, and logits.safetensors of the test part, for `evaluate attributes --logits`");
  app.footer(
      "\nStage 4 is dropped. A smaller part of the labels is contained in each larger one. Printed: the mean accuracy over the\n"
      "attributes that the pictures tell apart, beside the paper's rows.\n"
      "Exit code: 0 all is well; 2 something given cannot be used; 3 a loss was not finite.\n");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (a.fractions.empty())
    a.fractions = a.celeba.empty() ? std::vector<double>{0.05, 0.1, 0.2, 0.5, 1} : std::vector<double>{0.002, 0.005, 0.01, 0.02, 1};
  std::sort(a.fractions.begin(), a.fractions.end());
  a.options.head = a.pool == "gap" ? TapHead::pooled_attributes : TapHead::attributes;
  auto const data = open(a);
  std::optional<berl::io::SafeTensors> start;
  if (a.init != "scratch") {
    start = berl::io::read_weights(a.init);
    if (start->has_metadata("network")) a.network = start->metadata("network");
  }
  auto const& kind = network_kind(a.network);
  if (kind.tap == nullptr) throw Error("--network", a.network, "a face network", "It has no stages to tune.");
  if (!a.out.empty()) fs::create_directories(a.out);

  berl::train::Metrics metrics(a.out);
  metrics.begin(0);
  berl::train::Console console(stderr);
  auto table = table_for(a);
  evaluate::Row row{a.name, std::vector<double>(table.columns.size(), evaluate::not_given)};
  nlohmann::ordered_json summary{{"network", kind.name}, {"init", a.init}, {"seed", a.seed}, {"parts", nlohmann::json::array()}};
  std::vector<berl::eval::FractionCurve> curve{{a.name, {}}};
  auto const told = data.told();
  for (double const fraction : a.fractions) {
    std::string const part = tuning::percent(fraction);
    bool const keep = !a.out.empty() && fraction == a.fractions.back();
    auto const found = tuning::tune(kind, data, fraction, a.seed, start ? &*start : nullptr, a.options, "attributes, " + part, metrics,
                                    console, keep ? fs::path(a.out) / "attributes.safetensors" : fs::path());
    if (keep) {
      berl::io::SafeTensorsWriter logits;
      logits.add("logits", {static_cast<std::int64_t>(found.logits.size() / 40), 40}, std::span<float const>(found.logits));
      logits.write(fs::path(a.out) / "logits.safetensors");
    }
    auto const column = std::find(table.columns.begin(), table.columns.end(), part) - table.columns.begin();
    row.values[static_cast<std::size_t>(column)] = 100 * found.mean;
    curve[0].points.push_back({fraction, found.mean});
    nlohmann::ordered_json one{
        {"part", fraction}, {"pictures", found.pictures}, {"accuracy", found.mean}, {"loss", found.loss}, {"seconds", found.seconds}};
    for (std::size_t const k : told) one["attributes"][std::string(berl::data::attribute_names[k])] = found.per_attribute[k];
    summary["parts"].push_back(std::move(one));
  }
  console.end();
  table.ours.push_back(std::move(row));
  evaluate::Report report("finetune_attributes");
  report.add(table);
  report.note(
      fmt::format("{} pictures to train on, {} to test with, {} attributes; the more frequent answer alone is right in {:.2f} %; {}, {}.",
                  data.list.of(berl::data::AttributeSplit::train).size(), data.list.of(berl::data::AttributeSplit::test).size(),
                  told.size(), 100 * data.blind(), kind.name, a.init));
  report.print();
  if (auto const warning = data.pictures.warning()) fmt::print(stderr, "warning: {}\n", *warning);
  if (a.out.empty()) return 0;
  report.write(a.out);
  berl::io::write_file(fs::path(a.out) / "summary.json", berl::io::json_text(summary, 2) + "\n");
  berl::io::write_file(fs::path(a.out) / "curve.svg", berl::eval::fraction_svg(curve, table.title));
  berl::io::write_png(fs::path(a.out) / "curve.png", berl::eval::fraction_picture(curve, table.title));
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("finetune_attributes", [&] { return run(argc, argv); });
}
