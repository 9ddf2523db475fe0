#pragma once
#include <berl/data/ijb.hpp>  // TemplateFaces, TemplatePair, TemplateSubjects

#include <bitset>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

/// The protocol files that NIST publishes with IJB-C, which say of each face what InsightFace's lists leave out.
namespace berl::data {
/// A line of "ijbc_1N_gallery_G1.csv", "ijbc_1N_probe_mixed.csv" or "ijbc_metadata.csv".
struct NistFace {
  std::int32_t template_id = 0, subject = 0;
  std::string file;            ///< of the still or of the frame
  std::bitset<18> occlusions;  ///< OCC1, OCC2, ...: parts of a grid on the face that are hidden; a flag that is empty is off
};

/// Columns are found by their headings, TEMPLATE_ID, SUBJECT_ID, FILENAME and OCC1 to OCC18; the others are passed over.
///   errors  Error with file and line: a heading that is missing, other than so many fields, a field that is no number or no flag
inline std::vector<NistFace> read_nist_faces(std::string const& path) {
  Lines lines(path, "headings with TEMPLATE_ID, SUBJECT_ID, FILENAME and OCC1 to OCC18, then a line for each face");
  if (!lines.next()) throw Error(path, "no line", lines.expected(), "Give a protocol file of IJB-C.");
  std::unordered_map<std::string, std::size_t> columns;
  std::size_t count = 0;
  for (auto const heading : lines.fields(',')) columns.emplace(heading, count++);
  auto const column = [&](std::string const& name) {
    auto const found = columns.find(name);
    if (found == columns.end()) throw Error(lines.where(), "no heading " + name, lines.expected(), "Give a protocol file of IJB-C.");
    return found->second;
  };
  std::size_t const id = column("TEMPLATE_ID"), subject = column("SUBJECT_ID"), file = column("FILENAME");
  std::size_t flags[18];
  for (std::size_t k = 0; k < 18; ++k) flags[k] = column("OCC" + std::to_string(k + 1));
  std::vector<NistFace> faces;
  while (lines.next()) {
    auto const& fields = lines.exactly(count, ',');
    NistFace face{lines.number<std::int32_t>(id, "the template's whole number"),
                  lines.number<std::int32_t>(subject, "the subject's whole number"),
                  std::string(fields[file]),
                  {}};
    for (std::size_t k = 0; k < 18; ++k) {
      auto const flag = fields[flags[k]];
      if (flag.empty()) continue;
      auto const value = detail::number<double>(flag);
      if (value != 0.0 && value != 1.0)
        throw Error(lines.where() + ", field " + std::to_string(flags[k] + 1), detail::quoted(flag), "0, 1 or nothing",
                    "Correct the line.");
      face.occlusions[k] = value == 1.0;
    }
    faces.push_back(std::move(face));
  }
  if (faces.empty()) throw Error(path, "no face", lines.expected(), "Give a protocol file of IJB-C.");
  return faces;
}

/// The pairs of "ijbc_11_G1_G2_matches.csv": two templates a line, no heading. They show one person where the subjects are equal.
///   errors  Error with file and line: no number, a template of which no subject is known
inline std::vector<TemplatePair> read_nist_matches(std::string const& path, std::vector<TemplateSubjects> const& known) {
  std::unordered_map<std::int32_t, std::int32_t> subject_of;
  for (auto const& list : known)
    for (std::size_t k = 0; k < list.size(); ++k) subject_of.emplace(list.templates[k], list.subjects[k]);
  std::vector<TemplatePair> pairs;
  Lines lines(path, "template, template");
  auto const subject = [&](std::size_t field, std::int32_t& id) {
    id = lines.number<std::int32_t>(field, "a template's whole number");
    auto const found = subject_of.find(id);
    if (found == subject_of.end())
      throw Error(lines.where() + ", field " + std::to_string(field + 1), "template " + std::to_string(id),
                  "one of the galleries or probes", "Give the lists that belong to this one.");
    return found->second;
  };
  while (lines.next()) {
    lines.exactly(2, ',');
    TemplatePair pair;
    auto const a = subject(0, pair.a), b = subject(1, pair.b);
    pair.same = a == b;
    pairs.push_back(pair);
  }
  if (pairs.empty()) throw Error(path, "no pair", lines.expected(), "Give a list of pairs.");
  return pairs;
}

/// Which faces of a set have a hidden part, from NIST's lines for the same faces in the same order: 1 where any of the 18 is hidden.
///   errors  Error: other than so many lines, a line of another template
inline std::vector<std::uint8_t> occlusion_of(std::vector<NistFace> const& lines, TemplateFaces const& faces, std::string const& path) {
  if (lines.size() != faces.size())
    throw Error(path, std::to_string(lines.size()) + " faces", std::to_string(faces.size()) + ", those of the set",
                "Give the list of these faces, in their order.");
  std::vector<std::uint8_t> flags;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    if (lines[k].template_id != faces.templates[k])
      throw Error(path + ", face " + std::to_string(k + 1), "template " + std::to_string(lines[k].template_id),
                  std::to_string(faces.templates[k]) + " as in the set", "Give the list of these faces, in their order.");
    flags.push_back(lines[k].occlusions.any() ? 1 : 0);
  }
  return flags;
}
}  // namespace berl::data
