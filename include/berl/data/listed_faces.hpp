#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/data/align.hpp>        // align, Landmarks
#include <berl/data/dataset.hpp>      // Dataset, Misfits, fit_square
#include <berl/data/record_list.hpp>  // read_lst
#include <berl/io/image.hpp>          // read_image

#include <algorithm>  // lower_bound, sort, unique
#include <cmath>      // round
#include <filesystem>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <vector>

namespace berl::data {
/// The pictures of a .lst file (read_lst), whose paths are relative to the list's folder; the first label of each is its class. Identities
/// are numbered anew, in the order of the classes. A picture is aligned by its five points, where the list has them and does not say that
/// it is aligned already; without them one of side x side is taken as aligned, and others are cut to their middle square and resized, which
/// warning() tells. Boxes are not used.
///   errors  Error: as read_lst; a class that is no whole number from 0 to 2^24 - 1; one identity only; from load(), with the path: a
///           picture that cannot be decoded or is smaller than 16 x 16, points that are no face
class ListedFaces {
 public:
  explicit ListedFaces(std::string const& list, int side = 112)
      : root_(std::filesystem::path(list).parent_path()),
        side_(side),
        misfits_(std::make_shared<Misfits>()) {
    constexpr float beyond = 16777216;  // 2^24: from here on floats round other numbers to whole ones
    std::vector<float> each;
    auto const images = read_lst(list);
    for (auto const& image : images) {
      float const c = image.labels.front();
      if (!(c >= 0 && c < beyond && c == std::round(c)))
        throw Error(list + ", picture " + image.path, "class " + std::to_string(c), "a whole number from 0 to 16777215",
                    "Number the people.");
      each.push_back(c);
    }
    std::sort(each.begin(), each.end());
    each.erase(std::unique(each.begin(), each.end()), each.end());
    if (each.size() < 2) throw Error(list, "one identity only", "pictures of at least two", "Give the list of a training set.");
    identities_ = static_cast<int>(each.size());
    for (auto const& image : images) {
      auto const label = std::lower_bound(each.begin(), each.end(), image.labels.front()) - each.begin();
      bool const to_align = image.landmarks && !image.aligned;
      pictures_.push_back({image.path, static_cast<int>(label), to_align ? static_cast<int>(points_.size()) : -1});
      if (to_align) points_.push_back(*image.landmarks);
    }
  }

  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return identities_; }
  int label(int i) const { return at(i).label; }
  std::string name(int i) const { return at(i).path; }  ///< as the list has it

  io::Image load(int i) const {
    auto const path = (root_ / at(i).path).string();
    auto const picture = io::read_image(path, smallest_side);
    if (at(i).points >= 0) return align(io::to_rgb(picture), points_[static_cast<std::size_t>(at(i).points)], side_, path);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    misfits_->add(i, path, picture);
    return fit_square(picture, side_);
  }

  /// What should be said once, after the pictures were read: how many did not have the right size.
  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  struct Picture {
    std::string path;
    int label, points;  ///< the latter -1 where it is not aligned by any
  };
  Picture const& at(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }

  std::filesystem::path root_;
  int side_, identities_ = 0;
  std::vector<Picture> pictures_;
  std::vector<Landmarks> points_;
  std::shared_ptr<Misfits> misfits_;
};
static_assert(Dataset<ListedFaces>);
}  // namespace berl::data
