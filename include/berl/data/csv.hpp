#pragma once
#include <berl/data/lines.hpp>  // Lines, number

#include <string>
#include <vector>

/// Lists of pictures: one row a line, fields between commas, without quoting; spaces around a field do not count.
namespace berl::data {
struct CsvRow {
  std::string where;  ///< "FILE, line N", for errors
  int line = 0;
  std::vector<std::string> fields;
};

/// The rows of a file; empty lines are left out.
///   errors  Error, when the file cannot be read or a row has another number of fields than `columns` (named in `expected`)
inline std::vector<CsvRow> read_csv(std::string const& path, std::size_t columns, std::string const& expected) {
  std::vector<CsvRow> rows;
  for (Lines lines(path, expected); lines.next();) {
    auto const& fields = lines.exactly(columns, ',');
    rows.push_back({lines.where(), lines.line(), {fields.begin(), fields.end()}});
  }
  return rows;
}
}  // namespace berl::data
