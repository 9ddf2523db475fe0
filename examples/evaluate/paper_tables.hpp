#pragma once
#include <berl/data/lines.hpp>  // Lines

#include <fmt/format.h>  // join
#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>  // error_code
#include <utility>       // move
#include <vector>

#include "report.hpp"  // Table

namespace evaluate {
/// A published table: what it is called in the file, and how it is printed with our rows.
struct Published {
  std::string name, title;
  std::vector<std::string> columns;
};
namespace paper {
inline Published const pretraining{"he2022 Table 1",
                                   "LFWA attribute accuracy after different pre-training, percent (he2022, Table 1)",
                                   {"5%", "10%", "20%", "50%", "100%"}};
inline Published const ijbb{"he2022 Table 2", "IJB-B 1:1, TAR at FAR, percent (he2022, Table 2)", {"1e-6", "1e-5", "1e-4"}};
inline Published const ijbc{"he2022 Table 3", "IJB-C 1:1, TAR at FAR, percent (he2022, Table 3)", {"1e-6", "1e-5", "1e-4"}};
inline Published const occlusion{
    "he2022 Table 4", "IJB-C occlusion subset, TAR at FAR, percent (he2022, Table 4)", {"1e-6", "1e-5", "1e-4", "1e-3"}};
inline Published const megaface{"he2022 Table 5", "MegaFace challenge 1, identification at rank 1, percent (he2022, Table 5)", {"rank-1"}};
inline Published const celeba{"he2022 Table 6",
                              "CelebA attribute accuracy by part of the training pictures, percent (he2022, Table 6)",
                              {"0.2%", "0.5%", "1%", "2%", "100%"}};
inline Published const lfwa{"he2022 Table 7",
                            "LFWA attribute accuracy by part of the training pictures, percent (he2022, Table 7)",
                            {"5%", "10%", "20%", "50%", "100%"}};
/// Not of the paper, which has no such table.
inline Published const verification{"huang2020",
                                    "Verification accuracy, percent (first row: released model of huang2020)",
                                    {"lfw", "cfp_fp", "agedb_30", "calfw", "cplfw"}};
}  // namespace paper

/// The published figures, of a file like paper_tables.csv: a line is a table's name, a row's name, and for each column a figure in percent
/// or -, between commas. The first line of a table names its columns; lines that begin with # are notes.
class PaperTables {
 public:
  /// `file`; or, where none is named, paper_tables.csv beside the program, without which tables have our rows alone.
  ///   errors  Error with file and line: a file named that cannot be read; another number of fields than the heading's; a figure that is
  ///           none, or not in [0, 100]; a heading without rows
  explicit PaperTables(std::string file) : file_(std::move(file)) {
    if (file_.empty()) {
      std::error_code unknown;
      file_ = (std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path() / "paper_tables.csv").string();
      there_ = std::filesystem::exists(file_);
    }
    if (there_)
      read();
    else
      fmt::print(stderr, "warning: there is no file {}, so the paper's rows are left out; --paper FILE names another\n", file_);
  }

  /// The table without our rows.
  ///   errors  Error: the file does not have it, or has other columns
  Table operator[](Published const& wanted) const {
    Table table{.title = wanted.title, .columns = wanted.columns, .paper = {}, .ours = {}};
    if (!there_) return table;
    auto const found = tables_.find(wanted.name);
    auto const heading = fmt::format("{},method,{}", wanted.name, fmt::join(wanted.columns, ","));
    if (found == tables_.end())
      throw berl::Error(file_, "no line of " + wanted.name, heading + ", and rows below it", "Add the table, or give another --paper.");
    if (found->second.columns != wanted.columns)
      throw berl::Error(found->second.where, fmt::format("the columns {}", fmt::join(found->second.columns, ",")), heading,
                        "Correct the heading.");
    table.paper = found->second.rows;
    return table;
  }

 private:
  struct Lined {
    std::string where;  ///< of the heading
    std::vector<std::string> columns;
    std::vector<Row> rows;
  };
  void read() {
    berl::data::Lines lines(file_, "the name of a table, that of a row, and a figure in percent or - for each column, between commas");
    while (lines.next()) {
      if (lines.text().starts_with('#')) continue;
      auto const& fields = lines.fields(',');
      if (fields.size() < 3)
        throw berl::Error(lines.where(), fmt::format("{} fields", fields.size()), "three at least: " + lines.expected(),
                          "Correct the line.");
      auto const [at, heading] = tables_.try_emplace(std::string(fields[0]));
      Lined& table = at->second;
      if (heading) {
        table = {lines.where(), {fields.begin() + 2, fields.end()}, {}};
        continue;
      }
      if (fields.size() != table.columns.size() + 2)
        throw berl::Error(lines.where(), fmt::format("{} fields", fields.size()),
                          fmt::format("{}, as the table's heading has", table.columns.size() + 2), "Correct the line.");
      Row row{std::string(fields[1]), {}};
      for (std::size_t k = 2; k < fields.size(); ++k) {
        char const* const what = "a figure in percent, from 0 to 100, or -";
        double const value = fields[k] == "-" ? not_given : lines.number<double>(k, what);
        if (value < 0 || value > 100)
          throw berl::Error(fmt::format("{}, field {}", lines.where(), k + 1), std::string(fields[k]), what, "Correct the line.");
        row.values.push_back(value);
      }
      table.rows.push_back(std::move(row));
    }
    for (auto const& [name, table] : tables_)
      if (table.rows.empty())
        throw berl::Error(table.where, "no other line of " + berl::data::detail::quoted(name), "a heading with rows below it",
                          "Correct the table's name, or add its rows.");
  }

  std::string file_;
  bool there_ = true;
  std::map<std::string, Lined> tables_;
};

/// --paper of a program that prints published figures.
inline void add_paper(CLI::App& app, std::string& file) {
  app.add_option("--paper", file, "the published figures to print beside ours (default: paper_tables.csv beside the program)");
}
}  // namespace evaluate
