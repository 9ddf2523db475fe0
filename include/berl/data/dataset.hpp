#pragma once
#include <berl/core/error.hpp>   // Error
#include <berl/core/random.hpp>  // Seed, permutation
#include <berl/io/image.hpp>     // Image, to_rgb, resize_area, resize_bilinear

#include <algorithm>  // sort, min
#include <concepts>
#include <cstring>  // memcpy
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace berl::data {
/// Labelled pictures, by index in [0, size()). Labels are 0, 1, ..., identities() - 1. load() gives square RGB pictures of the side
/// that the networks take (112 unless said otherwise); it is called from several threads at once, and what it throws names the picture.
template <class D>
concept Dataset = requires(D const& dataset, int i) {
  { dataset.size() } -> std::same_as<int>;
  { dataset.identities() } -> std::same_as<int>;
  { dataset.label(i) } -> std::same_as<int>;
  { dataset.name(i) } -> std::convertible_to<std::string>;
  { dataset.load(i) } -> std::same_as<io::Image>;
};

/// Which pictures did not have the right size. They are counted once each, and said in one sentence at the end.
class Misfits {
 public:
  void add(int picture, std::string const& name, io::Image const& image) {
    std::lock_guard const lock(mutex_);
    if (!pictures_.insert(picture).second || pictures_.size() > 1) return;
    first_ = name + ", " + std::to_string(image.width) + " x " + std::to_string(image.height);
  }
  std::optional<std::string> warning(int side, int of) const {
    std::lock_guard const lock(mutex_);
    if (pictures_.empty()) return std::nullopt;
    auto const size = std::to_string(side) + " x " + std::to_string(side);
    return std::to_string(pictures_.size()) + " of " + std::to_string(of) + " pictures are not " + size +
           " and were cut to their middle square and resized (the first: " + first_ + "). Faces should be aligned to " + size +
           "; give their landmarks to have it done.";
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<int> pictures_;
  std::string first_;
};

/// Smaller pictures show nothing that could be told apart.
inline constexpr int smallest_side = 16;

/// The middle square of a picture, in the size of the networks, RGB.
inline io::Image fit_square(io::Image const& picture, int side) {
  int const edge = std::min(picture.width, picture.height);
  auto const channels = static_cast<std::size_t>(picture.channels), row = static_cast<std::size_t>(edge) * channels;
  io::Image square;
  square.width = square.height = edge;
  square.channels = picture.channels;
  square.pixels.resize(row * static_cast<std::size_t>(edge));
  int const left = (picture.width - edge) / 2, top = (picture.height - edge) / 2;
  for (int v = 0; v < edge; ++v) {
    auto const from = static_cast<std::size_t>(top + v) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(left);
    std::memcpy(square.pixels.data() + static_cast<std::size_t>(v) * row, picture.pixels.data() + from * channels, row);
  }
  auto const rgb = io::to_rgb(square);
  if (edge == side) return rgb;
  return edge > side ? io::resize_area(rgb, side, side) : io::resize_bilinear(rgb, side, side);
}

/// Some identities of a dataset, which must outlive it. Labels are counted anew, in the order of the old ones.
template <Dataset D>
class Subset {
 public:
  /// errors  Error, when an identity is not one of the dataset's
  Subset(D const& whole, std::vector<int> identities) : whole_(&whole), labels_(std::move(identities)) {
    std::sort(labels_.begin(), labels_.end());
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
    std::vector<int> anew(static_cast<std::size_t>(whole.identities()), -1);
    for (std::size_t k = 0; k < labels_.size(); ++k) {
      if (labels_[k] < 0 || labels_[k] >= whole.identities())
        throw Error("berl::data::Subset", "identity " + std::to_string(labels_[k]), "one below " + std::to_string(whole.identities()),
                    "Choose identities that the data has.");
      anew[static_cast<std::size_t>(labels_[k])] = static_cast<int>(k);
    }
    for (int i = 0; i < whole.size(); ++i)
      if (int const label = anew[static_cast<std::size_t>(whole.label(i))]; label >= 0) pictures_.push_back({i, label});
  }

  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return static_cast<int>(labels_.size()); }
  int label(int i) const { return at(i).label; }
  std::string name(int i) const { return whole_->name(at(i).index); }
  io::Image load(int i) const { return whole_->load(at(i).index); }
  int index(int i) const { return at(i).index; }                                         ///< in the whole dataset
  int identity(int label) const { return labels_.at(static_cast<std::size_t>(label)); }  ///< in the whole dataset

 private:
  struct Picture {
    int index, label;
  };
  Picture const& at(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }

  D const* whole_;
  std::vector<int> labels_;
  std::vector<Picture> pictures_;
};

template <class D>
struct Split {
  Subset<D> train, held_out;
};

/// Holds `count` identities out, drawn by the seed; no picture of them is in the other part.
///   errors  Error, when this leaves either part without an identity
template <Dataset D>
Split<D> hold_out(D const& whole, int count, Seed seed) {
  if (count < 1 || count >= whole.identities())
    throw Error("berl::data::hold_out", std::to_string(count) + " identities to hold out",
                "1 to " + std::to_string(whole.identities() - 1) + " of the data's " + std::to_string(whole.identities()),
                "Hold fewer out, or bring more data.");
  std::vector<int> order(static_cast<std::size_t>(whole.identities()));
  permutation(std::span(order), named(seed, "hold_out"), 0);
  return {Subset<D>(whole, {order.begin() + count, order.end()}), Subset<D>(whole, {order.begin(), order.begin() + count})};
}
}  // namespace berl::data
