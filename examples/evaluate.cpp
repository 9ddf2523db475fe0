// The protocols of face recognition, one subcommand for each: tables with the paper's rows beside ours, as text, JSON, CSV and a plot.
#include "evaluate/protocols.hpp"

#include <string_view>

#include "command_line.hpp"      // run_program
#include "networks/network.hpp"  // (links the networks)

namespace {
struct Protocol {
  std::string_view name, text;
  int (*run)(int argc, char** argv);
};
constexpr Protocol protocols[] = {
    {"lfw", "verification in ten folds of LFW, CFP-FP, AgeDB-30, CALFW, CPLFW (.bin)", evaluate::lfw},
    {"pairs", "the same of a list of pairs of pictures", evaluate::pairs},
    {"ijb11", "IJB-B and IJB-C, 1:1 verification of templates", evaluate::ijb11},
    {"ijb1n", "IJB-B and IJB-C, 1:N identification", evaluate::ijb1n},
    {"ijb-occlusion", "IJB-C, verification of faces that are partly hidden", evaluate::ijb_occlusion},
    {"megaface", "MegaFace challenge 1, identification among a million of distractors", evaluate::megaface},
    {"attributes", "attributes of CelebA and LFWA", evaluate::attributes},
    {"shape", "depth and normals of rendered faces", evaluate::shape},
};

int usage(std::FILE* to, int code) {
  fmt::print(to,
             "Evaluates a network, or embeddings that were made before, by the protocols of the field.\nUsage: evaluate PROTOCOL "
             "[OPTIONS]\n\nProtocols:\n");
  for (auto const& p : protocols) fmt::print(to, "  {:<15}{}\n", p.name, p.text);
  fmt::print(to,
             "\n`evaluate PROTOCOL --help` says what it takes. --out DIR writes results.json, results.csv, roc.svg and roc.png.\n"
             "Exit code: 0 all is well; 2 something given cannot be used.\n");
  return code;
}

int run(int argc, char** argv) {
  std::string_view const name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h") return usage(stdout, 0);
  for (auto const& p : protocols)
    if (p.name == name) return p.run(argc - 1, argv + 1);
  if (name.empty()) return usage(stderr, 2);
  fmt::print(stderr, "evaluate: found '{}'; expected the name of a protocol. `evaluate --help` lists them.\n", name);
  return 2;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("evaluate", [&] { return run(argc, argv); });
}
