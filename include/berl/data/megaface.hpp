#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/data/lines.hpp>      // Lines
#include <berl/data/record_io.hpp>  // ReadFile, little32
#include <berl/io/atomic_file.hpp>  // write_file
#include <berl/io/json.hpp>         // parse_json

#include <array>
#include <bit>      // bit_cast
#include <cstring>  // memcpy
#include <filesystem>
#include <fstream>  // ifstream
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <system_error>  // error_code
#include <vector>

/// The lists and feature files of the MegaFace challenge.
namespace berl::data {
/// Pictures of a list, by paths relative to the folder of the pictures.
struct ImageList {
  std::vector<std::string> paths;
  std::vector<std::string> identities;  ///< one for each path, or empty where the list has none
};

namespace detail {
/// Whether a file begins with a brace, behind blanks and the mark that some editors put before them; false where it cannot be read, or not
/// twice, as a pipe.
inline bool begins_with_brace(std::string const& path) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return false;
  std::ifstream in(path, std::ios::binary);
  char mark[3] = {};
  in.read(mark, 3);
  if (std::string_view(mark, 3) != "\xef\xbb\xbf") in.clear(), in.seekg(0);
  return (in >> std::ws).peek() == '{';
}
/// The whole of a JSON file.
///   errors  Error: no file that can be read, more than 256 MiB, no JSON or what io/json.hpp refuses
inline nlohmann::json read_json(std::string const& path, std::string const& expected) {
  constexpr std::uint64_t most = std::uint64_t{1} << 28;
  ReadFile const file(path);
  if (file.size() > most)
    throw Error(path, std::to_string(file.size()) + " bytes", "at most " + std::to_string(most) + ": " + expected,
                "Give the file that is meant, or a list with one path a line.");
  std::string text(file.size(), '\0');
  file.read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  std::string problem;
  auto json = io::parse_json(text, &problem);
  if (json.is_discarded()) throw Error(path, problem, expected, "Fetch the file again.");
  return json;
}
}  // namespace detail

/// A list of pictures: a JSON object with "path" and, beside it, "id", two arrays of one length; or a text with one path a line.
///   errors  Error: neither of the two, JSON of more than 256 MiB, a path that is no text or leaves its folder, arrays of different length,
///           no path
inline ImageList read_image_list(std::string const& path) {
  ImageList list;
  std::string const expected = "a JSON object with \"path\", or one path a line";
  if (!detail::begins_with_brace(path)) {
    for (Lines lines(path, expected); lines.next();) {
      if (list.paths.empty() && lines.text().starts_with('{'))
        throw Error(path, "JSON from what is no file", expected, "Write the JSON into a file, and give that.");
      list.paths.emplace_back(lines.text());
    }
  } else {
    auto const json = detail::read_json(path, expected);
    if (!json.contains("path") || !json["path"].is_array()) throw Error(path, "no array \"path\"", expected, "Fetch the list again.");
    for (auto const& entry : json["path"]) {
      if (!entry.is_string())
        throw Error(path + ", path " + std::to_string(list.paths.size()), "no text", "a path", "Fetch the list again.");
      list.paths.push_back(entry.get<std::string>());
    }
    if (json.contains("id")) {
      if (!json["id"].is_array() || json["id"].size() != list.paths.size())
        throw Error(path, "\"id\" with " + std::to_string(json["id"].size()) + " entries",
                    std::to_string(list.paths.size()) + ", one for each path", "Fetch the list again.");
      for (auto const& id : json["id"]) {
        if (!id.is_string() && !id.is_number_integer())
          throw Error(path + ", id " + std::to_string(list.identities.size()), "neither text nor whole number", "an identity",
                      "Fetch the list again.");
        list.identities.push_back(id.is_string() ? id.get<std::string>() : id.dump());
      }
    }
  }
  if (list.paths.empty()) throw Error(path, "no path", expected, "Give a list of pictures.");
  for (std::size_t i = 0; i < list.paths.size(); ++i) {
    std::filesystem::path const one(list.paths[i]);
    bool good = !one.empty() && one.is_relative() && list.paths[i].find('\0') == std::string::npos;
    for (auto const& part : one) good = good && part != "..";
    if (!good)
      throw Error(path + ", path " + std::to_string(i), detail::quoted(list.paths[i]), "a path relative to the folder of the pictures",
                  "Correct the list.");
  }
  return list;
}

/// The two last parts of a FaceScrub path, identity and file, are how the lists of noise and the identities know it.
inline std::string identity_of_path(std::string const& path) {
  auto const folder = std::filesystem::path(path).parent_path();
  return folder.filename().string();
}
/// The identity in the name of a FaceScrub file: what precedes the last underscore.
inline std::string identity_of_file(std::string const& name) { return name.substr(0, name.rfind('_')); }

/// The pictures that a list of noise names: one a line, or the second of the fields between tabs; lines that begin with # say other
/// things.
///   errors  Error: no file that can be read
inline std::vector<std::string> read_noise_list(std::string const& path) {
  std::vector<std::string> names;
  for (Lines lines(path, "one picture a line"); lines.next();) {
    if (lines.text().starts_with('#')) continue;
    auto const& fields = lines.fields('\t');
    names.emplace_back(fields.size() > 1 ? fields[1] : fields[0]);
  }
  return names;
}

/// Where the features of a picture lie: beneath `root` as the picture beneath its own folder, the algorithm's name behind.
inline std::filesystem::path feature_path(std::filesystem::path const& root, std::string const& image, std::string const& algorithm) {
  return root / (image + "_" + algorithm + ".bin");
}

/// A feature file: four whole numbers of 4 bytes (rows, columns, bytes from one element to the next, 5 for 32-bit floats), then rows
/// floats; columns is 1.
///   errors  Error with offset: other numbers, another length of the file, a value that is not finite
inline std::vector<float> read_feature(std::filesystem::path const& path) {
  detail::ReadFile const file(path.string());
  constexpr char const* again = "Write the features again with the program that made them.";
  auto const fail = [&](std::size_t offset, std::string const& found, std::string const& expected) {
    throw Error(file.path() + " at offset " + std::to_string(offset), found, expected, again);
  };
  if (file.size() < 16) fail(0, std::to_string(file.size()) + " bytes", "at least the 16 of the head");
  std::uint8_t head[16];
  file.read(0, head);
  std::uint32_t const rows = detail::little32(head);
  char const* const names[] = {"columns", "bytes from one element to the next", "the type of 32-bit floats"};
  constexpr std::uint32_t wanted[] = {1, 4, 5};
  for (std::size_t k = 0; k < 3; ++k)
    if (auto const found = detail::little32(head + 4 + 4 * k); found != wanted[k])
      fail(4 + 4 * k, std::to_string(found), std::to_string(wanted[k]) + ", " + names[k]);
  if (rows == 0 || file.size() != 16 + std::uint64_t{4} * rows)
    fail(0, std::to_string(rows) + " rows in a file of " + std::to_string(file.size()) + " bytes", "as many rows as the file has floats");
  std::vector<std::uint8_t> bytes(std::size_t{4} * rows);
  file.read(16, bytes);
  std::vector<float> feature(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    feature[i] = std::bit_cast<float>(detail::little32(bytes.data() + 4 * i));
    if (!std::isfinite(feature[i])) fail(16 + 4 * i, std::to_string(feature[i]), "a number that is finite");
  }
  return feature;
}

/// Writes what read_feature reads; the folder must exist.
inline void write_feature(std::filesystem::path const& path, std::span<float const> feature) {
  std::uint32_t const head[4] = {static_cast<std::uint32_t>(feature.size()), 1, 4, 5};
  std::vector<std::byte> bytes(16 + feature.size_bytes());
  std::memcpy(bytes.data(), head, 16);
  std::memcpy(bytes.data() + 16, feature.data(), feature.size_bytes());
  io::write_file(path, bytes);
}

/// What the kit writes in the end, two curves.
struct MegaFaceResult {
  std::vector<double> identification;           ///< rates at rank 1, 2, ...
  std::vector<std::array<double, 2>> verified;  ///< FAR and TAR, rising
};
/// {"cmc": [[0, 1, ...], [rates]], "roc": [[FAR], [TAR]]}; the kit counts ranks from 0; one that it
/// leaves out has the rate of the one before.
///   errors  Error: no such file, JSON of more than 256 MiB, other arrays, a rate outside [0, 1]
inline MegaFaceResult read_megaface_result(std::string const& path) {
  std::string const expected = R"({"cmc": [[ranks], [rates]], "roc": [[FAR], [TAR]]})";
  auto const json = detail::read_json(path, expected);
  auto const curve = [&](char const* name) {
    auto const wrong = [&](std::string const& found) { return Error(path + ", " + name, found, expected, "Give a result of the kit."); };
    if (!json.is_object() || !json.contains(name) || !json[name].is_array() || json[name].size() != 2 || !json[name][0].is_array() ||
        !json[name][1].is_array() || json[name][0].size() != json[name][1].size())
      throw wrong("no two arrays of one length");
    std::vector<std::array<double, 2>> points;
    for (std::size_t k = 0; k < json[name][0].size(); ++k) {
      auto const &x = json[name][0][k], &y = json[name][1][k];
      if (!x.is_number() || !y.is_number()) throw wrong("entry " + std::to_string(k) + " that is no number");
      points.push_back({x.get<double>(), y.get<double>()});
      if (!(points.back()[0] >= 0 && points.back()[1] >= 0 && points.back()[1] <= 1))
        throw wrong("entry " + std::to_string(k) + ", (" + std::to_string(points.back()[0]) + ", " + std::to_string(points.back()[1]) +
                    ")");
    }
    if (points.empty()) throw wrong("no entry");
    return points;
  };
  MegaFaceResult result{{}, curve("roc")};
  auto& rates = result.identification;
  for (auto const& [rank, rate] : curve("cmc")) {
    if (rank < static_cast<double>(rates.size()) || rank > 1e6) continue;
    rates.resize(static_cast<std::size_t>(rank), rates.empty() ? 0 : rates.back());
    rates.push_back(rate);
  }
  return result;
}
/// Writes such a file.
///   errors  Error: as io::write_file
inline void write_megaface_result(std::filesystem::path const& path, MegaFaceResult const& result) {
  nlohmann::json json;
  for (std::size_t k = 0; k < result.identification.size(); ++k)
    json["cmc"][0].push_back(k), json["cmc"][1].push_back(result.identification[k]);
  for (auto const& [far, tar] : result.verified) json["roc"][0].push_back(far), json["roc"][1].push_back(tar);
  io::write_file(path, json.dump() + "\n");
}
}  // namespace berl::data
