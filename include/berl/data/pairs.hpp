#pragma once
#include <berl/core/error.hpp>  // Error
#include <berl/data/csv.hpp>    // read_csv

#include <filesystem>
#include <string>
#include <vector>

namespace berl::data {
/// Two pictures, and whether they show one person.
struct Pair {
  std::string a, b;  ///< paths that can be opened
  bool same = false;
};

/// A list of pairs, "path_a,path_b,same" in each line, same being 1 or 0; paths are relative to the list's own folder. The first
/// line may name the columns. The order is kept, for folds are blocks of lines.
///   errors  Error with file and line: another number of fields, a `same` that is neither 0 nor 1, a picture that does not exist;
///           Error, when the list is missing or has no pair
inline std::vector<Pair> read_pairs(std::string const& path) {
  namespace fs = std::filesystem;
  auto const rows = read_csv(path, 3, "path_a,path_b,same");
  fs::path const folder = fs::path(path).parent_path();
  std::vector<Pair> pairs;
  pairs.reserve(rows.size());
  for (auto const& row : rows) {
    if (&row == &rows.front() && row.fields[2] == "same") continue;  // names of the columns
    if (row.fields[2] != "0" && row.fields[2] != "1")
      throw Error(row.where, "same = \"" + row.fields[2] + "\"", "1 (one person) or 0 (two)", "Correct the line.");
    std::string found[2];
    for (std::size_t k = 0; k < 2; ++k) {
      fs::path const picture = folder / row.fields[k];  // an absolute path stays as it is
      std::error_code ignored;
      if (row.fields[k].empty() || !fs::is_regular_file(picture, ignored))
        throw Error(row.where, "no picture " + picture.string(), "a path relative to the list's folder",
                    "Correct the path or the list's place.");
      found[k] = picture.string();
    }
    pairs.push_back({std::move(found[0]), std::move(found[1]), row.fields[2] == "1"});
  }
  if (pairs.empty()) throw Error(path, "no pair", "lines path_a,path_b,same", "Give a list of pairs.");
  return pairs;
}
}  // namespace berl::data
