#pragma once
#include <berl/data/dataset.hpp>  // Dataset

#include <string>
#include <utility>  // move
#include <vector>

namespace berl::data {
/// Some pictures of a dataset, which must outlive it, in the order given; a picture may come more than once. Labels stay as they are.
///   errors  Error, when a number is none of the dataset's pictures
template <Dataset D>
class Selected {
 public:
  Selected(D const& whole, std::vector<int> pictures) : whole_(&whole), pictures_(std::move(pictures)) {
    for (int const i : pictures_)
      if (i < 0 || i >= whole.size())
        throw Error("berl::data::Selected", "picture " + std::to_string(i), "one below " + std::to_string(whole.size()),
                    "Choose pictures that the data has.");
  }
  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return whole_->identities(); }
  int label(int i) const { return whole_->label(index(i)); }
  std::string name(int i) const { return whole_->name(index(i)); }
  io::Image load(int i) const { return whole_->load(index(i)); }
  int index(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }  ///< in the whole dataset

 private:
  D const* whole_;
  std::vector<int> pictures_;
};
}  // namespace berl::data
