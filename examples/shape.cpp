// How good are the shapes that a network sees? Compares depth and normals with the truth of rendered faces.
#include "command_line.hpp"      // CommandLine
#include "evaluate/shapes.hpp"   // measure
#include "networks/network.hpp"  // Network

namespace {
int run(int argc, char** argv) {
  std::string truth, list;
  CommandLine line("shape", "Compares the shapes that a network sees with the truth of rendered faces.");
  line.add_option("--truth", truth,
                  "a .safetensors with depth [N,64,64] (0 where there is no face), view [N,6] and canon_depth [people,64,64]")
      ->required();
  line.add_option("--list", list, "a CSV with a heading, whose first column is the picture of each line of the truth")->required();
  line.footer(
      "\nPrinted: SIDE, the scale-invariant error of the depth in the picture's view (times 100), and MAD, the mean angle between normals\n"
      "in degrees, over all pictures, where the truth and the network see the face; beside the network a flat face, and the mean face\n"
      "of the truth in the true view, which no network is told.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto const e = evaluate::shapes::measure(*line.open(), truth, list);
  fmt::print("{:<24}{:>12}{:>12}{:>12}\n", "", "network", "flat", "mean face");
  fmt::print("{:<24}{:>12.3f}{:>12.3f}{:>12.3f}\n", "SIDE x 100", 100 * e.found.side, 100 * e.flat.side, 100 * e.mean_face.side);
  fmt::print("{:<24}{:>12.2f}{:>12.2f}{:>12.2f}\n", "MAD, degrees", e.found.mad, e.flat.mad, e.mean_face.mad);
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("shape", [&] { return run(argc, argv); });
}
