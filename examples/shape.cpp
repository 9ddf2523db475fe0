// How good are the shapes that a network sees? Compares depth and normals with the truth of rendered faces.
#include "command_line.hpp"      // CommandLine
#include "evaluate/shapes.hpp"   // measure
#include "networks/network.hpp"  // Network

namespace {
int run(int argc, char** argv) {
  std::string truth, list;
  int people = 0;
  CommandLine line("shape", "Compares the shapes that a network sees with the truth of rendered faces.");
  line.add_option("--truth", truth,
                  "a .safetensors with depth [N,64,64] (0 where there is no face), view [N,6] and canon_depth [people,64,64]");
  line.add_option("--list", list, "a CSV with a heading, whose first column is the picture of each line of the truth");
  line.add_option("--synthetic", people,
                  "instead of a truth: so many people of the synthetic world whom no training has seen, ten pictures each")
      ->check(CLI::Range(1, 100'000));
  line.footer(
      "\nPrinted: SIDE, the scale-invariant error of the depth in the picture's view (times 100), and MAD, the mean angle between normals\n"
      "in degrees, over all pictures, where the truth and the network see the face; beside the network a flat face, and the mean face\n"
      "of the truth in the true view, which no network is told.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  bool const files = !truth.empty() && !list.empty();
  if (files == (people > 0) || truth.empty() != list.empty())
    throw berl::Error("--truth and --list, --synthetic", "neither or both", "one of the two", "Say which faces to look at.");
  evaluate::shapes::Errors e;
  if (people > 0) {
    berl::data::SyntheticFaces const faces({.seed = {7}, .identities = people, .pictures_per_identity = 10, .first_identity = 100'000});
    auto const found = evaluate::shapes::measure(*line.open(), faces);
    e = found.shape;
    fmt::print("{} pictures of {} people; L1 of their reconstructions {:.4f}, of a range from -1 to 1\n", faces.size(), people, found.l1);
  } else {
    e = evaluate::shapes::measure(*line.open(), truth, list);
  }
  fmt::print("{:<24}{:>12}{:>12}{:>12}\n", "", "network", "flat", "mean face");
  fmt::print("{:<24}{:>12.3f}{:>12.3f}{:>12.3f}\n", "SIDE x 100", 100 * e.found.side, 100 * e.flat.side, 100 * e.mean_face.side);
  fmt::print("{:<24}{:>12.2f}{:>12.2f}{:>12.2f}\n", "MAD, degrees", e.found.mad, e.flat.mad, e.mean_face.mad);
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("shape", [&] { return run(argc, argv); });
}
