#pragma once
#include <berl/data/align.hpp>         // LandmarkList
#include <berl/data/dataset.hpp>       // fit_square
#include <berl/data/pairs.hpp>         // read_pairs
#include <berl/eval/verification.hpp>  // fold_accuracy, squared_distance
#include <berl/io/image.hpp>           // read_image, to_network

#include <algorithm>  // min
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <vector>

namespace berl::eval {
/// The pictures of a list of pairs, each read and embedded once however many pairs it is in.
class PairPictures {
 public:
  /// `landmarks`: a list for pictures of another size than side x side, with paths as the list of pairs has them; empty: none.
  ///   errors  those of data::read_pairs and data::read_landmarks
  explicit PairPictures(std::string const& list, int side = 112, std::string const& landmarks = "")
      : side_(side),
        folder_(std::filesystem::path(list).parent_path()) {
    if (!landmarks.empty()) landmarks_.emplace(landmarks);
    std::map<std::string, std::size_t> known;
    auto const number = [&](std::string const& path) {
      auto const [at, is_new] = known.emplace(path, paths_.size());
      if (is_new) paths_.push_back(path);
      return at->second;
    };
    for (auto const& pair : data::read_pairs(list)) {
      std::size_t const a = number(pair.a), b = number(pair.b);
      pairs_.push_back({a, b});
      same_.push_back(pair.same ? 1 : 0);
    }
  }
  std::size_t size() const { return pairs_.size(); }
  std::vector<std::string> const& paths() const { return paths_; }
  std::vector<std::uint8_t> const& same() const { return same_; }
  /// RGB, in the size of the networks; a picture of another size is aligned where there are landmarks, else it is its middle square.
  io::Image load(std::size_t picture) const {
    auto const image = io::read_image(paths_[picture], data::smallest_side);
    if (image.width == side_ && image.height == side_) return io::to_rgb(image);
    return landmarks_ ? landmarks_->align(image, folder_.string(), name(picture), side_) : data::fit_square(image, side_);
  }

  /// The squared distance of each pair; embeddings: (paths, size).
  std::vector<double> distances(std::span<float const> embeddings, std::size_t size) const {
    if (embeddings.size() != paths_.size() * size) throw std::logic_error("berl::eval::PairPictures: one embedding for each picture.");
    std::vector<double> result;
    for (auto const& [a, b] : pairs_)
      result.push_back(squared_distance(embeddings.subspan(a * size, size), embeddings.subspan(b * size, size)));
    return result;
  }
  /// The same; embed(span of pictures) gives one vector for each.
  template <class Embed>
  std::vector<double> distances(Embed&& embed, std::size_t batch = 32) const {
    std::vector<float> all;
    for (std::size_t first = 0; first < paths_.size(); first += batch) {
      std::vector<io::Image> pictures;
      for (std::size_t i = first; i < std::min(first + batch, paths_.size()); ++i) pictures.push_back(load(i));
      for (auto const& e : embed(std::span<io::Image const>(pictures))) all.insert(all.end(), e.begin(), e.end());
    }
    return distances(std::span<float const>(all), all.size() / paths_.size());
  }
  /// Ten folds, or as many as there are pairs.
  ///   errors  those of folds_of and fold_accuracy
  template <class Embed>
  Accuracy accuracy(Embed&& embed) const {
    return fold_accuracy(distances(embed), same_, folds_of(size()));
  }

 private:
  /// A picture's path as the list of pairs has it.
  std::string name(std::size_t picture) const {
    auto const& path = paths_[picture];
    auto const folder = folder_.empty() ? std::string() : (folder_ / "").string();
    return path.starts_with(folder) ? path.substr(folder.size()) : path;
  }

  struct Places {
    std::size_t a, b;
  };
  int side_;
  std::filesystem::path folder_;  // of the list
  std::optional<data::LandmarkList> landmarks_;
  std::vector<std::string> paths_;
  std::vector<Places> pairs_;
  std::vector<std::uint8_t> same_;
};

/// What a network must beat: the picture's own pixels, in [-1, 1], as its embedding.
inline std::vector<std::vector<float>> raw_pixels(std::span<io::Image const> pictures) {
  std::vector<std::vector<float>> all;
  for (auto const& picture : pictures) {
    auto& pixels = all.emplace_back(3 * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height));
    io::to_network(picture, pixels.data());
  }
  return all;
}
}  // namespace berl::eval
