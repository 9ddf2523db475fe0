#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/data/dataset.hpp>  // Dataset, fit_square, smallest_side
#include <berl/data/lines.hpp>    // Lines
#include <berl/io/image.hpp>      // Image, read_image, blank

#include <algorithm>  // clamp
#include <filesystem>
#include <string>
#include <vector>

/// Unsup3D's crops of CelebA (wu2020): a list "file split x0 y0 width height".
namespace berl::data {
struct Crop {
  std::string file;
  int split = 0;                   ///< 0 train, 1 validation, 2 test
  int x = 0, y = 0, w = 0, h = 0;  ///< pixels of the picture; may reach beyond it by less than the crop's own size
};

/// The lines of a list of crops.
///   errors  Error with file and line: other than six fields, another split, a crop without pixels
inline std::vector<Crop> read_crops(std::string const& path) {
  std::vector<Crop> crops;
  Lines lines(path, "file, split (0, 1 or 2), x0, y0, width, height");
  while (lines.next()) {
    Crop crop{std::string(lines.exactly(6)[0])};
    int* const numbers[] = {&crop.split, &crop.x, &crop.y, &crop.w, &crop.h};
    for (std::size_t k = 0; k < 5; ++k) *numbers[k] = lines.number<int>(k + 1, k == 0 ? "0, 1 or 2" : "a whole number of pixels");
    if (crop.split < 0 || crop.split > 2)
      throw Error(lines.where() + ", field 2", std::to_string(crop.split), "0 (train), 1 (validation) or 2 (test)", "Correct the line.");
    if (crop.w < 1 || crop.h < 1 || crop.w > 1 << 15 || crop.h > 1 << 15)
      throw Error(lines.where(), "a crop of " + std::to_string(crop.w) + " x " + std::to_string(crop.h) + " pixels", "1 to 32768 each way",
                  "Correct the line.");
    crops.push_back(std::move(crop));
  }
  if (crops.empty()) throw Error(path, "no crop", lines.expected(), "Give the list of a set.");
  return crops;
}

/// Part of a picture; what lies outside repeats its edge.
///   errors  Error, for a crop that reaches beyond the picture by more than its own size
inline io::Image cut(io::Image const& picture, Crop const& crop, std::string const& name) {
  if (crop.x < -crop.w || crop.y < -crop.h || crop.x > picture.width || crop.y > picture.height)
    throw Error(name,
                "a crop at (" + std::to_string(crop.x) + ", " + std::to_string(crop.y) + ") of a picture of " +
                    std::to_string(picture.width) + " x " + std::to_string(picture.height),
                "one that is not beyond its edge by more than its own size", "The list belongs to other pictures.");
  io::Image part = io::blank(crop.w, crop.h, picture.channels);
  for (int v = 0; v < crop.h; ++v)
    for (int u = 0; u < crop.w; ++u)
      for (int c = 0; c < picture.channels; ++c)
        part.at(v, u, c) = picture.at(std::clamp(crop.y + v, 0, picture.height - 1), std::clamp(crop.x + u, 0, picture.width - 1), c);
  return part;
}

/// The crops of one split of a list, all of one nameless identity: for training without labels.
///   errors  Error: as read_crops; no crop of that split; from load(), with the path: a picture that cannot be decoded, as cut
class CroppedPictures {
 public:
  CroppedPictures(std::string const& root, std::string const& list, int split = 0, int side = 112) : root_(root), side_(side) {
    for (Crop& crop : read_crops(list))
      if (crop.split == split) crops_.push_back(std::move(crop));
    if (crops_.empty()) throw Error(list, "no crop of split " + std::to_string(split), "one at least", "Give the list of a set.");
  }
  int size() const { return static_cast<int>(crops_.size()); }
  int identities() const { return 1; }
  int label(int) const { return 0; }
  std::string name(int i) const { return crops_.at(static_cast<std::size_t>(i)).file; }
  io::Image load(int i) const {
    Crop const& crop = crops_.at(static_cast<std::size_t>(i));
    auto const path = (root_ / crop.file).string();
    return fit_square(cut(io::read_image(path, smallest_side), crop, path), side_);
  }

 private:
  std::filesystem::path root_;
  std::vector<Crop> crops_;
  int side_;
};
static_assert(Dataset<CroppedPictures>);
}  // namespace berl::data
