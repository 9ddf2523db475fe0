// Attributes of CelebA and LFWA.
#include <berl/eval/attributes.hpp>  // attribute_accuracy

#include <fmt/format.h>  // join

#include "common.hpp"  // Common
#include "paper_tables.hpp"
#include "protocols.hpp"
#include "sets.hpp"  // read_celeba, read_lfwa

namespace evaluate {
int attributes(int argc, char** argv) {
  std::string celeba, lfwa, logits, part = "100%";
  Common common;
  CommandLine line("evaluate attributes", "Attribute accuracy of CelebA or LFWA, of logits that were computed before.", WithoutModel{});
  line.add_option("--logits", logits,
                  "a .safetensors with `logits` [pictures,attributes]: the pictures of the test part in the list's order")
      ->required();
  auto* const first = line.add_option("--celeba", celeba, "the folder of list_attr_celeba.txt and list_eval_partition.txt");
  line.add_option("--lfwa", lfwa, "a text with `path TAB split TAB digits` in each line; split 2 is the test part")->excludes(first);
  line.add_option("--trained-on", part, "the part of the training pictures that the head has seen: the column of the paper's table");
  common.add_out(line);
  line.footer(
      "\nAn attribute is present where its logit is above 0. Printed: the mean over all attributes in the paper's table, and each one.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  if (celeba.empty() == lfwa.empty())
    throw berl::Error("--celeba, --lfwa", celeba.empty() ? "neither" : "both", "one of the two", "Give the labels of the set.");

  auto const list = celeba.empty() ? read_lfwa(lfwa) : read_celeba(celeba);
  std::size_t const attributes = list.attributes.size();
  auto const file = berl::io::SafeTensors::read(logits);
  auto const values = file.get<float>("logits", {static_cast<std::int64_t>(list.pictures.size()), static_cast<std::int64_t>(attributes)});
  auto const accuracy = berl::eval::attribute_accuracy(values, list.labels, attributes);

  Report report("attributes");
  report["logits"] = logits;
  report["pictures"] = list.pictures.size();
  std::vector<Table> tables{celeba.empty() ? paper::lfwa() : paper::celeba()};
  if (celeba.empty()) tables.push_back(paper::pretraining());
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
  for (std::size_t k = 0; k < attributes; ++k) each.ours.push_back({list.attributes[k], {100 * accuracy.per_attribute[k]}});
  each.ours.push_back({"mean", {100 * accuracy.mean}});
  report.add(std::move(each));
  report.note(fmt::format("{} pictures of the test part, {} attributes.", list.pictures.size(), attributes));
  return common.finish(report);
}
}  // namespace evaluate
