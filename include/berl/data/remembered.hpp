#pragma once
#include <berl/data/dataset.hpp>  // Dataset

#include <mutex>  // call_once
#include <string>
#include <vector>

namespace berl::data {
/// A dataset, which must outlive it, whose pictures are kept once they were read: 37 kB each at 112 x 112. For data that takes
/// longer to read than to train on, and fits into memory.
template <Dataset D>
class Remembered {
 public:
  explicit Remembered(D const& whole) : whole_(&whole), pictures_(static_cast<std::size_t>(whole.size())) {}

  int size() const { return whole_->size(); }
  int identities() const { return whole_->identities(); }
  int label(int i) const { return whole_->label(i); }
  std::string name(int i) const { return whole_->name(i); }
  /// errors  what reading the picture throws, each time that it is asked for
  io::Image load(int i) const {
    Picture& picture = pictures_.at(static_cast<std::size_t>(i));
    std::call_once(picture.once, [&] { picture.image = whole_->load(i); });
    return picture.image;
  }

 private:
  struct Picture {
    std::once_flag once;
    io::Image image;
  };
  D const* whole_;
  std::vector<Picture> mutable pictures_;
};
}  // namespace berl::data
