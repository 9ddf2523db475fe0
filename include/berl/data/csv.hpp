#pragma once
#include <berl/core/error.hpp>  // Error

#include <charconv>  // from_chars
#include <cmath>     // isfinite
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>  // errc
#include <vector>

/// Lists of pictures: one row a line, fields between commas, without quoting; spaces around a field do not count.
namespace berl::data {
struct CsvRow {
  std::string where;  ///< "FILE, line N", for errors
  int line = 0;
  std::vector<std::string> fields;
};

namespace detail {
inline std::string_view trimmed(std::string_view text) {
  auto const space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}
/// The whole of the text as a finite number.
inline std::optional<double> number(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}
}  // namespace detail

/// The rows of a file; empty lines are left out.
///   errors  Error, when the file cannot be read or a row has another number of fields than `columns` (named in `expected`)
inline std::vector<CsvRow> read_csv(std::string const& path, std::size_t columns, std::string const& expected) {
  std::ifstream file(path);
  if (!file) throw Error(path, "no file that can be read", "a list with the columns " + expected, "Check the path and its permissions.");
  std::vector<CsvRow> rows;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    std::string_view rest = detail::trimmed(text);
    if (line == 1 && rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // the mark that some editors put first
    if (rest.empty()) continue;
    CsvRow row{path + ", line " + std::to_string(line), line, {}};
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
      comma = rest.find(',');
      row.fields.emplace_back(detail::trimmed(rest.substr(0, comma)));
      if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    }
    if (row.fields.size() != columns)
      throw Error(row.where, std::to_string(row.fields.size()) + " fields", std::to_string(columns) + ": " + expected,
                  "Correct the line; a path must not contain a comma.");
    rows.push_back(std::move(row));
  }
  if (file.bad()) throw Error(path, "a read error", "a list with the columns " + expected, "Check the disk, or fetch the file again.");
  return rows;
}
}  // namespace berl::data
