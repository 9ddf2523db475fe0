#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/data/align.hpp>      // Landmarks
#include <berl/data/lines.hpp>      // Lines
#include <berl/io/atomic_file.hpp>  // write_file

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What lies beside a .rec file: NAME.lst, from which it was made, and `property`.
namespace berl::data {
struct ListedImage {
  std::uint64_t index = 0;    ///< as im2rec's lists have it, or the place in the list
  std::vector<float> labels;  ///< the class first
  std::string path;
  bool aligned = false;  ///< as InsightFace's lists say
  std::optional<std::array<float, 4>> box;
  std::optional<Landmarks> landmarks;
};

/// A list with tabs between the fields, of im2rec ("index, label, ..., path") or of InsightFace ("1 or 0, path, class", and perhaps a
/// box of four numbers, and perhaps the five points as x1 ... x5 y1 ... y5); 1 says that the picture is aligned.
///   errors  Error with file and line: too few fields, a number that is none, no picture
inline std::vector<ListedImage> read_lst(std::string const& path) {
  std::vector<ListedImage> images;
  Lines lines(path, "fields between tabs: index, labels, path; or 1 (aligned) or 0, path, class");
  while (lines.next()) {
    auto const& fields = lines.fields('\t');
    if (fields.size() < 3) throw Error(lines.where(), std::to_string(fields.size()) + " fields", lines.expected(), "Correct the line.");
    ListedImage image;
    if (detail::number(fields[1])) {
      image.index = lines.number<std::uint64_t>(0, "a whole number");
      for (std::size_t k = 1; k + 1 < fields.size(); ++k) image.labels.push_back(lines.number<float>(k, "a label"));
      image.path = fields.back();
    } else {
      if (fields[0] != "0" && fields[0] != "1")
        throw Error(lines.where() + ", field 1", detail::quoted(fields[0]), "1 (aligned) or 0", "Correct the line.");
      if (fields.size() != 3 && fields.size() != 7 && fields.size() != 17)
        throw Error(lines.where(), std::to_string(fields.size()) + " fields", "3, with a box 7, with five points 17", "Correct the line.");
      image.index = images.size();
      image.aligned = fields[0] == "1";
      image.path = fields[1];
      image.labels.push_back(lines.number<float>(2, "a class"));
      if (fields.size() > 3) {
        auto& box = image.box.emplace();
        for (std::size_t k = 0; k < 4; ++k) box[k] = lines.number<float>(3 + k, "a number of pixels");
      }
      if (fields.size() > 7) {
        auto& points = image.landmarks.emplace();
        for (std::size_t k = 0; k < 5; ++k) {
          points[k].x = lines.number<double>(7 + k, "a number of pixels");
          points[k].y = lines.number<double>(12 + k, "a number of pixels");
        }
      }
    }
    if (image.path.empty()) throw Error(lines.where(), "no path", lines.expected(), "Correct the line.");
    images.push_back(std::move(image));
  }
  if (images.empty()) throw Error(path, "no picture", lines.expected(), "Give the list of a set.");
  return images;
}

/// A list of im2rec's form: "index TAB label TAB path", labels as decimals.
inline void write_lst(std::string const& path, std::vector<ListedImage> const& images) {
  std::string text;
  for (auto const& image : images) {
    text += std::to_string(image.index);
    for (float const label : image.labels) (text += '\t') += std::to_string(label);
    ((text += '\t') += image.path) += '\n';
  }
  io::write_file(path, text);
}

/// The file `property` in the folder of a .rec: one line "identities,height,width".
struct RecordProperty {
  int identities = 0, height = 112, width = 112;
};
///   errors  Error: other than three positive whole numbers
inline RecordProperty read_property(std::string const& path) {
  Lines lines(path, "one line: identities,height,width");
  if (!lines.next()) throw Error(path, "no line", lines.expected(), "Fetch the file again.");
  lines.exactly(3, ',');
  int numbers[3];
  for (std::size_t k = 0; k < 3; ++k) {
    numbers[k] = lines.number<int>(k, "a positive whole number");
    if (numbers[k] < 1)
      throw Error(lines.where() + ", field " + std::to_string(k + 1), std::to_string(numbers[k]), "a positive whole number",
                  "Fetch the file again.");
  }
  return {numbers[0], numbers[1], numbers[2]};
}
inline void write_property(std::string const& path, RecordProperty const& p) {
  io::write_file(path, std::to_string(p.identities) + "," + std::to_string(p.height) + "," + std::to_string(p.width) + "\n");
}
}  // namespace berl::data
