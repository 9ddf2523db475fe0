#pragma once
#include <berl/data/attributes.hpp>  // AttributeList
#include <berl/data/dataset.hpp>     // Misfits, fit_square
#include <berl/io/image.hpp>         // read_image

#include <filesystem>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <utility>  // move

namespace berl::data {
/// The pictures of an AttributeList, in its order: FOLDER/path, aligned where there are landmarks and the picture is not side x side;
/// otherwise cut to their middle square and resized, which warning() tells. There are no identities: all labels are 0.
///   errors  from load(), with the path: a picture that cannot be decoded or is smaller than 16 x 16, or whose landmarks are missing
class AttributePictures {
 public:
  AttributePictures(std::string folder, AttributeList list, std::optional<LandmarkTable> landmarks = {}, int side = 112)
      : folder_(std::move(folder)),
        list_(std::move(list)),
        landmarks_(std::move(landmarks)),
        side_(side) {}

  AttributeList const& list() const { return list_; }
  int size() const { return static_cast<int>(list_.size()); }
  int identities() const { return 1; }
  int label(int) const { return 0; }
  std::string name(int i) const { return list_.paths.at(static_cast<std::size_t>(i)); }
  io::Image load(int i) const {
    auto const path = (std::filesystem::path(folder_) / name(i)).string();
    auto const picture = io::read_image(path, smallest_side);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    if (!landmarks_) {
      misfits_->add(i, path, picture);
      return fit_square(picture, side_);
    }
    auto const found = landmarks_->find(name(i));
    if (found == landmarks_->end())
      throw Error(path, "no landmarks", "five points for each picture that is not " + std::to_string(side_) + " x " + std::to_string(side_),
                  "Add a line " + name(i) + " to the list of landmarks.");
    return align(io::to_rgb(picture), found->second, side_, path);
  }
  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  std::string folder_;
  AttributeList list_;
  std::optional<LandmarkTable> landmarks_;
  int side_;
  std::shared_ptr<Misfits> misfits_ = std::make_shared<Misfits>();
};
static_assert(Dataset<AttributePictures>);
}  // namespace berl::data
