// Sets of pairs that are in one file each, as LFW, CFP-FP, AgeDB-30, CALFW and CPLFW are published for evaluation.
#include <berl/data/verification_set.hpp>  // VerificationSet

#include "common.hpp"  // Common
#include "protocols.hpp"
#include "verification_report.hpp"  // report_verified

namespace evaluate {
namespace {
namespace fs = std::filesystem;
namespace io = berl::io;

struct Embedded {
  Features features;
  std::vector<std::uint8_t> same;
};
/// A set that was embedded before: `embeddings`, `mirrored` with flip fusion, and `same`, one number for each pair.
Embedded read_embedded(std::string const& path, bool flip) {
  auto const file = io::SafeTensors::read(path);
  Embedded e;
  for (int const same : file.get<int>("same")) {
    if (same != 0 && same != 1)
      throw berl::Error(path + ", array 'same'", std::to_string(same), "1 (one person) or 0 (two)", "Write the file once more.");
    e.same.push_back(static_cast<std::uint8_t>(same));
  }
  e.features = read_features(path, 2 * e.same.size(), flip, "the pairs: 2k and 2k + 1 are pair k");
  return e;
}
Embedded embed_set(std::string const& path, Network const& network, bool flip) {
  berl::data::VerificationSet const set(path);
  auto const pictures = static_cast<std::size_t>(set.size());
  Embedded e{.features = embed_all(network, pictures, flip, [&](std::size_t i) { return set.load(static_cast<int>(i)); }),
             .same = set.same()};
  if (auto const warning = set.warning()) fmt::print(stderr, "warning: {}\n", *warning);
  return e;
}
}  // namespace

int lfw(int argc, char** argv) {
  std::vector<std::string> sets;
  std::string save;
  Common common;
  CommandLine line("evaluate lfw", "Verifies sets of pairs in ten folds: LFW, CFP-FP, AgeDB-30, CALFW, CPLFW.", OptionalModel{});
  line.add_option("sets", sets,
                  "the files of the sets: NAME.bin as InsightFace publishes them, with --model; or NAME.safetensors with `embeddings`\n"
                  "[2 pairs,numbers], `same` [pairs] and, unless --no-flip, `mirrored`")
      ->required();
  common.add_flip(line);
  line.add_option("--save-features", save, "a folder for NAME.safetensors of each NAME.bin, to be given instead another time");
  add_paper(line, common.paper), common.add_out(line);
  line.footer(verification_footer);
  if (auto const code = line.read(argc, argv)) return *code;

  auto const table = PaperTables(common.paper)[paper::verification];
  std::unique_ptr<Network> const network = line.model().empty() ? nullptr : line.open();
  std::vector<NamedSet> results;
  for (std::string const& path : sets) {
    std::string const name = fs::path(path).stem().string();
    bool const embedded = path.ends_with(".safetensors");
    if (!embedded && network == nullptr)
      throw berl::Error(path, "pictures, and no --model", "a network that embeds them, or NAME.safetensors", "Give a --model.");
    auto const e = embedded ? read_embedded(path, !common.no_flip) : embed_set(path, *network, !common.no_flip);
    if (!embedded && !save.empty()) {
      fs::create_directories(save);
      write_features(fs::path(save) / (name + ".safetensors"), e.features, network->info().network, e.same);
    }
    auto const fused = e.features.fused();
    results.push_back({name, Verified(berl::eval::pair_distances(std::span<float const>(fused), e.features.size), e.same)});
  }
  Report report("lfw");
  common.describe(report, line);
  report["title"] = "Verification of pairs";
  report_verified(report, table, common.name, results);
  return common.finish(report);
}
}  // namespace evaluate
