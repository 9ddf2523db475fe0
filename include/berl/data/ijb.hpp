#pragma once
#include <berl/core/error.hpp>  // Error
#include <berl/data/align.hpp>  // Landmarks
#include <berl/data/lines.hpp>  // Lines

#include <algorithm>  // sort, unique
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

/// IJB-B and IJB-C as InsightFace packs them: ROOT/loose_crop/N.jpg and lists in ROOT/meta. Lists have blanks between the fields.
namespace berl::data {
/// The faces of a template set, entry k of every list being face k: line k of both meta files.
struct TemplateFaces {
  std::vector<std::string> images;      ///< file names within the folder of loose crops
  std::vector<std::int32_t> templates;  ///< which template the face belongs to
  std::vector<std::int32_t> media;      ///< which still or video it is from; counts within a template only
  std::vector<Landmarks> landmarks;     ///< in pixels of the loose crop
  std::vector<float> scores;            ///< of the detector
  std::vector<std::uint8_t> occluded;   ///< 1 where a part of the face is hidden; empty where this is not known
  std::size_t size() const { return images.size(); }
};

/// Two templates, and whether they show one person.
struct TemplatePair {
  std::int32_t a = 0, b = 0;
  bool same = false;
  friend bool operator==(TemplatePair const&, TemplatePair const&) = default;
};

/// The templates of a gallery or of the probes, each once in the order of the list, and whom they show.
struct TemplateSubjects {
  std::vector<std::int32_t> templates, subjects;
  std::size_t size() const { return templates.size(); }
};

/// The faces of "*_face_tid_mid.txt" (image, template, media) and "*_name_5pts_score.txt" (image, x1 y1 ... x5 y5, score).
///   errors  Error with file and line: a number that is none, another image than in the other list, a list that ends early
inline TemplateFaces read_template_faces(std::string const& tid_mid, std::string const& five_points) {
  TemplateFaces faces;
  Lines ids(tid_mid, "image, template, media"), points(five_points, "image, x1 y1 x2 y2 x3 y3 x4 y4 x5 y5, score");
  while (ids.next()) {
    auto const& id = ids.exactly(3);
    if (!points.next())
      throw Error(points.path(), "the end after line " + std::to_string(points.line()),
                  "as many faces as in " + ids.path() + ", line " + std::to_string(ids.line()), "The lists belong to different sets.");
    auto const& face = points.exactly(12);
    if (face[0] != id[0])
      throw Error(points.where(), "image " + detail::quoted(face[0]), detail::quoted(id[0]) + " as in " + ids.where(),
                  "The lists belong to different sets.");
    faces.images.emplace_back(id[0]);
    faces.templates.push_back(ids.number<std::int32_t>(1, "the template's whole number"));
    faces.media.push_back(ids.number<std::int32_t>(2, "the medium's whole number"));
    Landmarks at;
    for (std::size_t k = 0; k < 5; ++k) {
      at[k].x = points.number<double>(1 + 2 * k, "a number of pixels");
      at[k].y = points.number<double>(2 + 2 * k, "a number of pixels");
    }
    faces.landmarks.push_back(at);
    faces.scores.push_back(points.number<float>(11, "the detector's score"));
  }
  if (points.next()) throw Error(points.where(), "another face", "the end, as in " + ids.path(), "The lists belong to different sets.");
  if (faces.images.empty()) throw Error(tid_mid, "no face", ids.expected(), "Give the list of a set.");
  return faces;
}

/// The pairs of "*_template_pair_label.txt": template, template, 1 or 0.
///   errors  Error with file and line: a field that is no number, a label that is neither 0 nor 1
inline std::vector<TemplatePair> read_template_pairs(std::string const& path) {
  std::vector<TemplatePair> pairs;
  Lines lines(path, "template, template, 1 (one person) or 0 (two)");
  while (lines.next()) {
    lines.exactly(3);
    auto const a = lines.number<std::int32_t>(0, "a template's whole number"),
               b = lines.number<std::int32_t>(1, "a template's whole number");
    auto const same = lines.number<int>(2, "1 (one person) or 0 (two)");
    if (same != 0 && same != 1)
      throw Error(lines.where() + ", field 3", std::to_string(same), "1 (one person) or 0 (two)", "Correct the line.");
    pairs.push_back({a, b, same == 1});
  }
  if (pairs.empty()) throw Error(path, "no pair", lines.expected(), "Give a list of pairs.");
  return pairs;
}

/// The templates of "*_1N_gallery_*.csv" or "*_1N_probe_*.csv": commas, a heading, TEMPLATE_ID and SUBJECT_ID in the columns that
/// the heading says, or in the first two. A template may have several lines, one for each of its faces.
///   errors  Error with file and line: no number, a template that shows a second person
inline TemplateSubjects read_template_subjects(std::string const& path) {
  Lines lines(path, "a heading, then lines with template and subject first");
  if (!lines.next()) throw Error(path, "no line", lines.expected(), "Give the list of a gallery or of probes.");
  std::size_t template_column = 0, subject_column = 1;
  auto const heading = std::vector<std::string>(lines.fields(',').begin(), lines.fields(',').end());
  for (std::size_t k = 0; k < heading.size(); ++k) {
    if (heading[k] == "TEMPLATE_ID") template_column = k;
    if (heading[k] == "SUBJECT_ID") subject_column = k;
  }
  TemplateSubjects found;
  std::unordered_map<std::int32_t, std::int32_t> subject_of;
  while (lines.next()) {
    if (auto const n = lines.fields(',').size(); n <= std::max(template_column, subject_column))
      throw Error(lines.where(), std::to_string(n) + " fields", "as many as in the heading, " + std::to_string(heading.size()),
                  "Correct the line.");
    auto const id = lines.number<std::int32_t>(template_column, "the template's whole number");
    auto const subject = lines.number<std::int32_t>(subject_column, "the subject's whole number");
    auto const [known, fresh] = subject_of.emplace(id, subject);
    if (fresh) found.templates.push_back(id), found.subjects.push_back(subject);
    if (known->second != subject)
      throw Error(lines.where(), "subject " + std::to_string(subject) + " for template " + std::to_string(id),
                  std::to_string(known->second) + " as in a line before", "Correct the line.");
  }
  if (found.templates.empty()) throw Error(path, "no template", lines.expected(), "Give the list of a gallery or of probes.");
  return found;
}

/// One 0 or 1 a line, 1 where a part of the face is hidden: the flags of `faces` faces, in their order.
///   errors  Error with file and line: another number, other than so many lines
inline std::vector<std::uint8_t> read_occlusion(std::string const& path, std::size_t faces) {
  std::vector<std::uint8_t> flags;
  Lines lines(path, "one line of 0 or 1 (occluded) for each of " + std::to_string(faces) + " faces");
  while (lines.next()) {
    if (lines.text() != "0" && lines.text() != "1")
      throw Error(lines.where(), detail::quoted(lines.text()), "0 or 1 (occluded)", "Correct the line.");
    flags.push_back(lines.text() == "1");
  }
  if (flags.size() != faces)
    throw Error(path, std::to_string(flags.size()) + " lines", lines.expected(), "The list belongs to another set.");
  return flags;
}

/// What remains of a set when only some of its faces count.
struct TemplateSubset {
  TemplateFaces faces;
  std::vector<TemplatePair> pairs;
};
/// The faces with a 1 in `occluded`; templates without such a face are gone, and so are the pairs of them.
///   errors  Error, when it is not known which faces are occluded
inline TemplateSubset occluded_only(TemplateFaces const& all, std::vector<TemplatePair> const& pairs) {
  if (all.occluded.size() != all.size())
    throw Error("berl::data::occluded_only", std::to_string(all.occluded.size()) + " flags for " + std::to_string(all.size()) + " faces",
                "one for each", "Read them with read_occlusion.");
  TemplateSubset kept;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (all.occluded[k] == 0) continue;
    kept.faces.images.push_back(all.images[k]);
    kept.faces.templates.push_back(all.templates[k]);
    kept.faces.media.push_back(all.media[k]);
    kept.faces.landmarks.push_back(all.landmarks[k]);
    kept.faces.scores.push_back(all.scores[k]);
    kept.faces.occluded.push_back(1);
  }
  auto left = kept.faces.templates;
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  auto const survives = [&](std::int32_t id) { return std::binary_search(left.begin(), left.end(), id); };
  for (auto const& pair : pairs)
    if (survives(pair.a) && survives(pair.b)) kept.pairs.push_back(pair);
  return kept;
}

/// A whole set. Galleries and probes are empty where their lists are absent.
struct TemplateSet {
  std::string folder;  ///< of the loose crops
  TemplateFaces faces;
  std::vector<TemplatePair> pairs;
  std::vector<TemplateSubjects> galleries;  ///< two
  TemplateSubjects probes;
};
/// The set ROOT/loose_crop, ROOT/meta/NAME_*, NAME being ijbb or ijbc; galleries are S1 and S2, or G1 and G2, and meta/NAME_occluded.txt
/// tells which faces are occluded, where there is such a file.
///   errors  as of the lists; Error, when a pair has a template without faces
inline TemplateSet read_template_set(std::string const& root, std::string const& name) {
  namespace fs = std::filesystem;
  auto const meta = [&](std::string const& list) { return (fs::path(root) / "meta" / (name + list)).string(); };
  std::error_code ignored;
  TemplateSet set;
  set.folder = (fs::path(root) / "loose_crop").string();
  set.faces = read_template_faces(meta("_face_tid_mid.txt"), meta("_name_5pts_score.txt"));
  set.pairs = read_template_pairs(meta("_template_pair_label.txt"));
  if (fs::exists(meta("_occluded.txt"), ignored)) set.faces.occluded = read_occlusion(meta("_occluded.txt"), set.faces.size());
  for (char const* const gallery : {"_1N_gallery_S1.csv", "_1N_gallery_S2.csv", "_1N_gallery_G1.csv", "_1N_gallery_G2.csv"})
    if (fs::exists(meta(gallery), ignored)) set.galleries.push_back(read_template_subjects(meta(gallery)));
  if (fs::exists(meta("_1N_probe_mixed.csv"), ignored)) set.probes = read_template_subjects(meta("_1N_probe_mixed.csv"));
  auto known = set.faces.templates;
  std::sort(known.begin(), known.end());
  for (auto const& pair : set.pairs)
    for (std::int32_t const id : {pair.a, pair.b})
      if (!std::binary_search(known.begin(), known.end(), id))
        throw Error(meta("_template_pair_label.txt"), "template " + std::to_string(id), "one of " + meta("_face_tid_mid.txt"),
                    "The lists belong to different sets.");
  return set;
}
}  // namespace berl::data
