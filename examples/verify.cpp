// Do two pictures show one person? Accuracy in ten folds, the ROC curve, and true accepts at given rates of false ones.
#include <berl/eval/pair_pictures.hpp>  // PairPictures
#include <berl/io/json.hpp>             // json_text

#include <map>
#include <nlohmann/json.hpp>

#include "command_line.hpp"       // CommandLine
#include "evaluate/verified.hpp"  // Verified
#include "networks/network.hpp"   // Network
#include "pictures.hpp"           // Progress

namespace {
using namespace berl::eval;

void print_table(Verified const& model, Verified const& pixels) {
  auto const line = [](std::string const& what, double a, double b) { fmt::print("{:<34} {:>9.4f} {:>12.4f}\n", what, a, b); };
  fmt::print("{:<34} {:>9} {:>12}\n", "", "model", "raw pixels");
  line(fmt::format("accuracy, {} folds", model.accuracy.per_fold.size()), model.accuracy.mean, pixels.accuracy.mean);
  line("  deviation over the folds", model.accuracy.deviation, pixels.accuracy.deviation);
  line("area below the ROC curve", model.area, pixels.area);
  for (std::size_t k = 0; k < std::size(Verified::fars); ++k) {
    line(fmt::format("TAR at FAR {:g}, strict", Verified::fars[k]), model.strict[k].tar, pixels.strict[k].tar);
    line(fmt::format("TAR at FAR {:g}, nearest", Verified::fars[k]), model.reference[k].tar, pixels.reference[k].tar);
  }
}

/// Pair by pair, since the pixels of many pictures are larger than memory.
std::vector<double> pixel_distances(std::string const& list, PairPictures const& pictures) {
  std::map<std::string, std::size_t> number;
  for (std::size_t i = 0; i < pictures.paths().size(); ++i) number.emplace(pictures.paths()[i], i);
  std::vector<double> distances;
  for (auto const& pair : berl::data::read_pairs(list)) {
    berl::io::Image const two[] = {pictures.load(number.at(pair.a)), pictures.load(number.at(pair.b))};
    auto const pixels = raw_pixels(two);
    distances.push_back(squared_distance<float>(pixels[0], pixels[1]));
  }
  return distances;
}

int run(int argc, char** argv) {
  std::string list, landmarks, out;
  bool flip = false;
  CommandLine line("verify", "Verifies pairs of pictures: do both show one person?");
  line.add_option("--pairs", list, "a list path_a,path_b,same of pictures; same is 1 or 0, paths are relative to the list")->required();
  line.add_landmarks(landmarks, "as in the list of pairs");
  line.add_option("--out", out, "a JSON file for all figures, with the points of the ROC curve");
  line.add_flip(flip);
  line.footer(
      "\nAccuracy: the threshold of a fold is the best one on the other folds (LFW's protocol). TAR at FAR: true accepts at a rate of\n"
      "false accepts, strict where that rate is not exceeded, nearest at the point of the curve that is nearest to it (the rule of\n"
      "published figures). Raw pixels: the cosine of the pictures themselves, which a network must beat.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;

  auto const network = line.open();
  PairPictures const pairs(list, 112, landmarks);
  auto const model_distances = [&] {
    Progress progress(pairs.paths().size());
    std::size_t done = 0;
    return pairs.distances([&](std::span<berl::io::Image const> pictures) {
      progress.at(done += pictures.size());
      return flip ? network->embed_fused(pictures) : network->embed(pictures);
    });
  };
  Verified const of_model(model_distances(), pairs.same());
  Verified const of_pixels(pixel_distances(list, pairs), pairs.same());

  auto const genuine = std::count(pairs.same().begin(), pairs.same().end(), std::uint8_t{1});
  fmt::print("{}: {} pairs of {} pictures, {} of them genuine\n\n", list, pairs.size(), pairs.paths().size(), genuine);
  print_table(of_model, of_pixels);
  if (!out.empty()) {
    nlohmann::json const json{{"model", line.model()},
                              {"network", network->info().network},
                              {"step", network->info().step},
                              {"pairs", pairs.size()},
                              {"genuine", genuine},
                              {"flip", flip},
                              {"verification", of_model.json()},
                              {"raw_pixels", of_pixels.json()}};
    berl::io::write_file(out, berl::io::json_text(json, 1) + "\n");
  }
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("verify", [&] { return run(argc, argv); });
}
