#pragma once
#include <berl/data/align.hpp>  // Landmarks

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

/// The lists of the sets that are evaluated, as they are published.
namespace evaluate {
/// Pictures 2k and 2k + 1, as the bytes of their files, are pair k.
struct PairSet {
  std::vector<std::vector<std::uint8_t>> pictures;
  std::vector<std::uint8_t> same;
};
PairSet read_pair_set(std::string const& path);

struct IjbFaces {
  std::vector<std::string> names;
  std::vector<int> template_id, medium;
  std::vector<berl::data::Landmarks> landmarks;
  std::vector<float> detector;
};
struct IjbPairs {
  std::vector<int> a, b;  ///< templates
  std::vector<std::uint8_t> same;
};
struct IjbSubjects {
  std::vector<int> template_id, subject;
};
struct IjbGalleries {
  IjbSubjects first, second, probes;
};
/// errors  Error with file and line: no such file, another number of fields, a field that is no number, two lists that do not agree
IjbFaces read_ijb_faces(std::string const& meta, std::string const& set);
IjbPairs read_ijb_pairs(std::string const& meta, std::string const& set);
IjbGalleries read_ijb_galleries(std::string const& meta, std::string const& set);
/// One 0 or 1 for each face, in lines.
std::vector<std::uint8_t> read_occluded(std::string const& path, std::size_t faces);

/// Paths of a list of MegaFace: JSON with "path", or text with one path a line.
std::vector<std::string> read_paths(std::string const& path);
/// The last `parts` parts of each path of a list of noisy pictures; # begins a comment, and the path may be the second of two columns.
std::unordered_set<std::string> read_noise(std::string const& path, int parts);
/// The last `parts` parts of a path.
std::string tail(std::string const& path, int parts);
/// A feature of MegaFace's kit: four int32 (rows, columns, 4, 5), then the numbers.
std::vector<float> read_feature(std::string const& path);

/// Pictures, and which attributes each has.
struct AttributeList {
  std::vector<std::string> attributes, pictures;
  std::vector<std::uint8_t> labels;  ///< (pictures, attributes), 1 or 0
};
/// The pictures of CelebA's test part: list_attr_celeba.txt and list_eval_partition.txt in `folder`.
AttributeList read_celeba(std::string const& folder);
/// LFWA as text, `path TAB split TAB 40 digits` with split 2 for the test part.
AttributeList read_lfwa(std::string const& path);
}  // namespace evaluate
