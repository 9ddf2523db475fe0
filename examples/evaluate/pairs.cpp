// A list of pairs of pictures.
#include <berl/eval/pair_pictures.hpp>  // PairPictures

#include "common.hpp"  // Common
#include "protocols.hpp"
#include "verification_report.hpp"  // report_verified

namespace evaluate {
int pairs(int argc, char** argv) {
  std::string list, landmarks;
  Common common;
  CommandLine line("evaluate pairs", "Verifies pairs of pictures in ten folds, as LFW does.",
                   {"--features",
                    "a .safetensors with `embeddings` [pictures,numbers] and, unless\n"
                    "--no-flip, `mirrored`, the pictures in the order in which the list first names them"});
  line.add_option("--pairs", list, "a list path_a,path_b,same of pictures; same is 1 or 0, paths are relative to the list")->required();
  line.add_landmarks(landmarks, "as in the list of pairs");
  common.add_flip(line), common.add_save(line), common.add_out(line);
  line.footer(verification_footer);
  if (auto const code = line.read(argc, argv)) return *code;

  berl::eval::PairPictures const pictures(list, 112, landmarks);
  auto const features = common.features(line, pictures.paths().size(), list, [&](std::size_t i) { return pictures.load(i); });
  auto const fused = features.fused();
  Report report("pairs");
  report["title"] = "Verification of pairs";
  common.describe(report, line);
  auto const name = std::filesystem::path(list).stem().string();
  report_verified(report, {}, common.name,
                  {{name, Verified(pictures.distances(std::span<float const>(fused), features.size), pictures.same())}});
  return common.finish(report);
}
}  // namespace evaluate
