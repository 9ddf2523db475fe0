// Attributes of CelebA and LFWA.
#include <berl/data/attributes.hpp>  // read_celeba, read_lfwa
#include <berl/eval/attributes.hpp>  // attribute_accuracy

#include <fmt/format.h>  // join

#include "common.hpp"  // Common
#include "protocols.hpp"

namespace evaluate {
int attributes(int argc, char** argv) {
  std::string celeba, lfwa, logits, part = "100%";
  Common common;
  CommandLine line("evaluate attributes", "Attribute accuracy of CelebA or LFWA, of logits that were computed before.", WithoutModel{});
  line.add_option(
          "--logits", logits,
          "a .safetensors with `logits` [pictures,40]: the pictures of the test part in the list's order, the attributes in CelebA's;\n"
          "as `finetune_attributes --out DIR` writes DIR/logits.safetensors")
      ->required();
  auto* const first = line.add_option("--celeba", celeba, "the folder of list_attr_celeba.txt and list_eval_partition.txt");
  line.add_option("--lfwa", lfwa, "a text with `path TAB split TAB 40 digits` in each line; split 2 is the test part")->excludes(first);
  line.add_option("--trained-on", part, "the part of the training pictures that the head has seen: the column of the paper's table");
  add_paper(line, common.paper), common.add_out(line);
  line.footer(
      "\nAn attribute is present where its logit is above 0. Printed: the mean over all attributes in the paper's table, and each one.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  if (celeba.empty() == lfwa.empty())
    throw berl::Error("--celeba, --lfwa", celeba.empty() ? "neither" : "both", "one of the two", "Give the labels of the set.");

  PaperTables const published(common.paper);
  std::vector<Table> tables{published[celeba.empty() ? paper::lfwa : paper::celeba]};
  if (celeba.empty()) tables.push_back(published[paper::pretraining]);
  std::filesystem::path const folder(celeba);
  auto const list =
      celeba.empty() ? berl::data::read_lfwa(lfwa)
                     : berl::data::read_celeba((folder / "list_attr_celeba.txt").string(), (folder / "list_eval_partition.txt").string());
  auto const pictures = list.of(berl::data::AttributeSplit::test);
  constexpr std::size_t attributes = berl::data::attribute_names.size();
  std::vector<std::uint8_t> labels;
  for (int const i : pictures)
    for (std::size_t k = 0; k < attributes; ++k) labels.push_back(list.values[static_cast<std::size_t>(i)][k]);
  auto const values =
      berl::io::SafeTensors::read(logits).get<float>("logits", {static_cast<std::int64_t>(pictures.size()), std::int64_t{attributes}});
  auto const accuracy = berl::eval::attribute_accuracy(values, labels, attributes);

  Report report("attributes");
  report["logits"] = logits;
  report["pictures"] = pictures.size();
  for (Table& table : tables) {
    auto const column = std::find(table.columns.begin(), table.columns.end(), part);
    if (column == table.columns.end())
      throw berl::Error("--trained-on", "'" + part + "'", fmt::format("one of {}", fmt::join(table.columns, ", ")),
                        "Give a column of the table.");
    Row row{common.name, std::vector<double>(table.columns.size(), not_given)};
    row.values[static_cast<std::size_t>(column - table.columns.begin())] = 100 * accuracy.mean;
    table.ours.push_back(std::move(row));
    report.add(table);
  }
  Table each{.title = "Accuracy of each attribute, percent", .columns = {"accuracy"}, .paper = {}, .ours = {}};
  for (std::size_t k = 0; k < attributes; ++k)
    each.ours.push_back({std::string(berl::data::attribute_names[k]), {100 * accuracy.per_attribute[k]}});
  each.ours.push_back({"mean", {100 * accuracy.mean}});
  report.add(std::move(each));
  report.note(fmt::format("{} pictures of the test part, {} attributes.", pictures.size(), attributes));
  return common.finish(report);
}
}  // namespace evaluate
