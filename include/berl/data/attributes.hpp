#pragma once
#include <berl/core/error.hpp>   // Error
#include <berl/core/random.hpp>  // Seed, permutation
#include <berl/data/align.hpp>   // LandmarkTable
#include <berl/data/lines.hpp>   // Lines

#include <array>
#include <bitset>
#include <cmath>  // floor
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Forty attributes of faces: the lists of CelebA, and LFWA's as text (liu2015).
namespace berl::data {
/// CelebA's order, which is that of AttributeList::values in whatever order a file has them.
inline constexpr std::array<std::string_view, 40> attribute_names{"5_o_Clock_Shadow",
                                                                  "Arched_Eyebrows",
                                                                  "Attractive",
                                                                  "Bags_Under_Eyes",
                                                                  "Bald",
                                                                  "Bangs",
                                                                  "Big_Lips",
                                                                  "Big_Nose",
                                                                  "Black_Hair",
                                                                  "Blond_Hair",
                                                                  "Blurry",
                                                                  "Brown_Hair",
                                                                  "Bushy_Eyebrows",
                                                                  "Chubby",
                                                                  "Double_Chin",
                                                                  "Eyeglasses",
                                                                  "Goatee",
                                                                  "Gray_Hair",
                                                                  "Heavy_Makeup",
                                                                  "High_Cheekbones",
                                                                  "Male",
                                                                  "Mouth_Slightly_Open",
                                                                  "Mustache",
                                                                  "Narrow_Eyes",
                                                                  "No_Beard",
                                                                  "Oval_Face",
                                                                  "Pale_Skin",
                                                                  "Pointy_Nose",
                                                                  "Receding_Hairline",
                                                                  "Rosy_Cheeks",
                                                                  "Sideburns",
                                                                  "Smiling",
                                                                  "Straight_Hair",
                                                                  "Wavy_Hair",
                                                                  "Wearing_Earrings",
                                                                  "Wearing_Hat",
                                                                  "Wearing_Lipstick",
                                                                  "Wearing_Necklace",
                                                                  "Wearing_Necktie",
                                                                  "Young"};

enum class AttributeSplit : std::uint8_t { train = 0, validation = 1, test = 2 };

/// One entry of every list for a picture.
struct AttributeList {
  std::vector<std::string> paths;       ///< relative to the folder of the pictures
  std::vector<std::bitset<40>> values;  ///< bit k: attribute_names[k] is seen
  std::vector<AttributeSplit> splits;
  std::size_t size() const { return paths.size(); }
  /// The pictures of a split, in the list's order.
  std::vector<int> of(AttributeSplit split) const {
    std::vector<int> found;
    for (std::size_t i = 0; i < splits.size(); ++i)
      if (splits[i] == split) found.push_back(static_cast<int>(i));
    return found;
  }
};

namespace detail {
/// The columns of CelebA's attributes under such names; blanks count as underscores, and capitals as small letters.
inline std::array<std::size_t, 40> attribute_columns(std::span<std::string_view const> names, std::string const& where) {
  auto const plain = [](std::string_view name) {
    std::string text(name);
    for (char& c : text) c = c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  };
  if (names.size() != 40)
    throw Error(where, std::to_string(names.size()) + " names", "the names of the 40 attributes", "Fetch the list again.");
  std::array<std::size_t, 40> columns{};
  for (std::size_t k = 0; k < 40; ++k) {
    std::size_t at = 0;
    while (at < 40 && plain(names[at]) != plain(attribute_names[k])) ++at;
    if (at == 40)
      throw Error(where, "no attribute " + std::string(attribute_names[k]), "the names of the 40 attributes", "Fetch the list again.");
    columns[k] = at;
  }
  return columns;
}
inline AttributeSplit attribute_split(Lines const& lines, std::size_t field) {
  int const split = lines.number<int>(field, "0 (train), 1 (validation) or 2 (test)");
  if (split < 0 || split > 2)
    throw Error(lines.where() + ", field " + std::to_string(field + 1), std::to_string(split), "0 (train), 1 (validation) or 2 (test)",
                "Correct the line.");
  return static_cast<AttributeSplit>(split);
}
/// The number in the first line of CelebA's lists.
inline std::size_t listed_count(Lines& lines) {
  if (!lines.next()) throw Error(lines.path(), "no line", "the number of pictures in the first line", "Fetch the list again.");
  lines.exactly(1);
  return lines.number<std::uint32_t>(0, "the number of pictures");
}
inline void require_count(Lines const& lines, std::size_t found, std::size_t wanted) {
  if (found != wanted)
    throw Error(lines.path(), std::to_string(found) + " pictures", std::to_string(wanted) + ", as its first line says",
                "The file is cut off; fetch it again.");
}
}  // namespace detail

/// CelebA's "list_attr_celeba.txt" (count, names, then a line "file v1 ... v40" with 1 or -1 for each picture) and
/// "list_eval_partition.txt" (lines "file split").
///   errors  Error with file and line: another count of lines or fields, other values, a picture that only one of the lists has
inline AttributeList read_celeba(std::string const& attributes, std::string const& partition) {
  AttributeList list;
  Lines lines(attributes, "a picture and 40 values, 1 or -1");
  std::size_t const count = detail::listed_count(lines);
  if (!lines.next()) detail::require_count(lines, 0, count);
  auto const columns = detail::attribute_columns(lines.fields(), lines.where());
  std::unordered_map<std::string, std::size_t> place;
  while (lines.next()) {
    auto const& fields = lines.exactly(41);
    std::bitset<40> values;
    for (std::size_t k = 0; k < 40; ++k) {
      auto const value = fields[1 + columns[k]];
      if (value != "1" && value != "-1")
        throw Error(lines.where() + ", field " + std::to_string(columns[k] + 2), detail::quoted(value), "1 or -1", "Correct the line.");
      values[k] = value == "1";
    }
    if (!place.emplace(fields[0], list.size()).second)
      throw Error(lines.where(), detail::quoted(fields[0]) + " for the second time", "each picture once", "Fetch the list again.");
    list.paths.emplace_back(fields[0]);
    list.values.push_back(values);
  }
  detail::require_count(lines, list.size(), count);
  list.splits.resize(count);
  std::vector<bool> known(count);
  Lines parts(partition, "a picture and 0, 1 or 2");
  std::size_t placed = 0;
  for (; parts.next(); ++placed) {
    auto const& fields = parts.exactly(2);
    auto const found = place.find(std::string(fields[0]));
    if (found == place.end() || known[found->second])
      throw Error(parts.where(), detail::quoted(fields[0]) + (found == place.end() ? "" : " for the second time"),
                  "each picture of " + attributes + " once", "The lists belong to different sets.");
    known[found->second] = true;
    list.splits[found->second] = detail::attribute_split(parts, 1);
  }
  if (placed != count)
    throw Error(partition, std::to_string(placed) + " pictures", "the " + std::to_string(count) + " of " + attributes,
                "The lists belong to different sets.");
  return list;
}

/// CelebA's "list_landmarks_celeba.txt" or "list_landmarks_align_celeba.txt": count, headings, then lines "file x1 y1 ... x5 y5".
///   errors  Error with file and line, as read_celeba
inline LandmarkTable read_celeba_landmarks(std::string const& path) {
  Lines lines(path, "a picture and ten numbers x1 y1 ... x5 y5");
  std::size_t const count = detail::listed_count(lines);
  if (lines.next()) lines.exactly(10);  // headings
  LandmarkTable table;
  while (lines.next()) {
    auto const& fields = lines.exactly(11);
    Landmarks points;
    for (std::size_t k = 0; k < 5; ++k) {
      points[k].x = lines.number<double>(1 + 2 * k, "a number of pixels");
      points[k].y = lines.number<double>(2 + 2 * k, "a number of pixels");
    }
    if (!table.emplace(fields[0], points).second)
      throw Error(lines.where(), detail::quoted(fields[0]) + " for the second time", "each picture once", "Fetch the list again.");
  }
  detail::require_count(lines, table.size(), count);
  return table;
}

/// CelebA's "identity_CelebA.txt": lines "file identity".
struct IdentityList {
  std::vector<std::string> paths;
  std::vector<int> identities;
};
inline IdentityList read_celeba_identities(std::string const& path) {
  IdentityList list;
  for (Lines lines(path, "a picture and its identity"); lines.next();) {
    list.paths.emplace_back(lines.exactly(2)[0]);
    list.identities.push_back(lines.number<int>(1, "the identity's whole number"));
  }
  if (list.paths.empty()) throw Error(path, "no picture", "a picture and its identity a line", "Give the list of a set.");
  return list;
}

/// LFWA as text, since its own files are MATLAB's: a line "path TAB split TAB digits" for each picture, split 0 (train) or 2 (test), the
/// digits being the 40 attributes, 1 or 0. A first line "# name, name, ..." gives the order of the digits; it is CelebA's otherwise.
/// A backslash in a path counts as a slash.
///   errors  Error with file and line: other fields, a name that is missing, no picture
inline AttributeList read_lfwa(std::string const& path) {
  AttributeList list;
  Lines lines(path, "path TAB split TAB 40 digits");
  std::array<std::size_t, 40> columns;
  for (std::size_t k = 0; k < 40; ++k) columns[k] = k;
  while (lines.next()) {
    if (lines.line() == 1 && lines.text().starts_with('#')) {
      auto names = lines.fields(',');
      names[0] = detail::trimmed(names[0].substr(1));
      columns = detail::attribute_columns(names, lines.where());
      continue;
    }
    auto const& fields = lines.exactly(3, '\t');
    auto const digits = fields[2];
    if (digits.size() != 40 || digits.find_first_not_of("01") != std::string_view::npos)
      throw Error(lines.where() + ", field 3", detail::quoted(digits), "40 digits, 0 or 1", "Correct the line.");
    std::bitset<40> values;
    for (std::size_t k = 0; k < 40; ++k) values[k] = digits[columns[k]] == '1';
    std::string name(fields[0]);
    for (char& c : name)
      if (c == '\\') c = '/';
    list.paths.push_back(std::move(name));
    list.values.push_back(values);
    list.splits.push_back(detail::attribute_split(lines, 1));
  }
  if (list.paths.empty()) throw Error(path, "no picture", lines.expected(), "Give the list of a set.");
  return list;
}

/// A part of some pictures, drawn by the seed: the first floor(fraction n) of one order of all n, so that a smaller part is contained
/// in each larger one.
///   errors  Error, when the fraction is not in (0, 1] or leaves no picture
inline std::vector<int> label_fraction(std::span<int const> pictures, double fraction, Seed seed) {
  auto const n = static_cast<double>(pictures.size());
  auto const count = fraction > 0 && fraction <= 1 ? static_cast<std::size_t>(std::floor(fraction * n + 1e-6)) : 0;  // 0.29 x 100 is 29
  if (count == 0)
    throw Error("berl::data::label_fraction", std::to_string(fraction) + " of " + std::to_string(pictures.size()) + " pictures",
                "a fraction above 0 and up to 1 that leaves a picture", "Ask for more.");
  std::vector<int> order(pictures.size());
  permutation(std::span(order), named(seed, "label fraction"), 0);
  order.resize(count);
  for (int& i : order) i = pictures[static_cast<std::size_t>(i)];
  return order;
}
}  // namespace berl::data
