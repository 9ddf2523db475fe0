#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/data/align.hpp>        // align
#include <berl/data/dataset.hpp>      // Dataset, Misfits, fit_square
#include <berl/data/record_list.hpp>  // read_lst
#include <berl/io/image.hpp>          // read_image

#include <algorithm>  // lower_bound, sort, unique
#include <cmath>      // round
#include <filesystem>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <utility>  // move
#include <vector>

namespace berl::data {
/// The pictures of a .lst file (read_lst), whose paths are relative to the list's folder; the first label of each is its class. Identities
/// are numbered anew, in the order of the classes. A picture of side x side is taken as aligned; others are aligned by their five points,
/// where the list has them, and otherwise cut to their middle square and resized, which warning() tells. Boxes are not used.
///   errors  Error: as read_lst; a class that is no whole number from 0 to 2^24; one identity only; from load(), with the path: a picture
///           that cannot be decoded or is smaller than 16 x 16, points that are no face
class ListedFaces {
 public:
  explicit ListedFaces(std::string const& list, int side = 112)
      : root_(std::filesystem::path(list).parent_path()),
        side_(side),
        pictures_(read_lst(list)),
        misfits_(std::make_shared<Misfits>()) {
    constexpr float exact = 16777216;  // 2^24: beyond it floats do not hold every number
    std::vector<float> classes;
    for (auto const& picture : pictures_) {
      float const c = picture.labels.front();
      if (!(c >= 0 && c <= exact && c == std::round(c)))
        throw Error(list + ", picture " + picture.path, "class " + std::to_string(c), "a whole number from 0 to 16777216",
                    "Number the people.");
      classes.push_back(c);
    }
    std::vector<float> each = classes;
    std::sort(each.begin(), each.end());
    each.erase(std::unique(each.begin(), each.end()), each.end());
    if (each.size() < 2) throw Error(list, "one identity only", "pictures of at least two", "Give the list of a training set.");
    for (float const c : classes) labels_.push_back(static_cast<int>(std::lower_bound(each.begin(), each.end(), c) - each.begin()));
    identities_ = static_cast<int>(each.size());
  }

  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return identities_; }
  int label(int i) const { return labels_.at(static_cast<std::size_t>(i)); }
  std::string name(int i) const { return at(i).path; }  ///< as the list has it

  io::Image load(int i) const {
    auto const path = (root_ / at(i).path).string();
    auto const picture = io::read_image(path, smallest_side);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    if (at(i).landmarks) return align(io::to_rgb(picture), *at(i).landmarks, side_, path);
    misfits_->add(i, path, picture);
    return fit_square(picture, side_);
  }

  /// What should be said once, after the pictures were read: how many did not have the right size.
  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  ListedImage const& at(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }

  std::filesystem::path root_;
  int side_, identities_ = 0;
  std::vector<ListedImage> pictures_;
  std::vector<int> labels_;
  std::shared_ptr<Misfits> misfits_;
};
static_assert(Dataset<ListedFaces>);
}  // namespace berl::data
