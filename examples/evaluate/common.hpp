#pragma once
#include "command_line.hpp"  // CommandLine
#include "features.hpp"      // Features, read_features
#include "paper_tables.hpp"  // PaperTables, add_paper
#include "report.hpp"        // Report

/// What the protocols share: where embeddings come from, and where figures go.
namespace evaluate {
struct Common {
  bool no_flip = false;
  std::string save, out, paper, name = "ours";

  void add_flip(CommandLine& line) {
    line.add_flag("--no-flip", no_flip, "do not add the embedding of the mirrored picture, or: --features has the sums already");
  }
  void add_save(CommandLine& line) {
    line.add_option("--save-features", save, "a .safetensors for the embeddings, to be given as --features another time");
  }
  void add_out(CommandLine& line) {
    line.add_option("--name", name, "what our row is called");
    line.add_option("--out", out, "a folder for results.json and results.csv, and roc.svg and roc.png where there is a curve");
  }

  /// From the file given, or from the network and load(0), load(1), ...; `order` names the list that the pictures are in.
  template <class Load>
  Features features(CommandLine const& line, std::size_t pictures, std::string const& order, Load const& load) const {
    if (!line.file().empty()) return read_features(line.file(), pictures, !no_flip, order);
    auto const network = line.open();
    auto f = embed_all(*network, pictures, !no_flip, load);
    if (!save.empty()) write_features(save, f, network->info().network);
    return f;
  }
  void describe(Report& report, CommandLine const& line) const {
    if (!line.model().empty()) report["model"] = line.model();
    if (!line.file().empty()) report["features"] = line.file();
    report["flip"] = !no_flip;
  }
  int finish(Report const& report) const {
    report.print();
    if (!out.empty()) report.write(out);
    return 0;
  }
};
}  // namespace evaluate
