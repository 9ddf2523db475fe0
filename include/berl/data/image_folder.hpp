#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/data/align.hpp>    // LandmarkList
#include <berl/data/dataset.hpp>  // Misfits, fit_square
#include <berl/io/image.hpp>      // read_image

#include <algorithm>  // sort
#include <filesystem>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <vector>

namespace berl::data {
/// Pictures in one folder for each person, ROOT/identity/file, PNG or JPEG (.png, .jpg, .jpeg), grey or colour. Identities are
/// numbered in the order of their names, and so are the pictures of each; names are compared byte by byte, so that the labels are
/// the same on every machine. A picture of side x side is taken as aligned; others are aligned when landmarks are given, and otherwise
/// cut to their middle square and resized, which warning() tells.
///   errors  Error: no such folder, no identity, one identity only, an identity without pictures, a list of landmarks without one of
///           the pictures to align; from load(), with the path: a picture that cannot be decoded or is smaller than 16 x 16
class ImageFolder {
 public:
  struct Options {
    int side = 112;
    std::string landmarks;  ///< a list of five points for each picture, paths relative to ROOT; empty: none
  };

  explicit ImageFolder(std::string const& root) : ImageFolder(root, Options{}) {}
  ImageFolder(std::string const& root, Options const& options) : root_(root), side_(options.side), misfits_(std::make_shared<Misfits>()) {
    for (auto const& identity : children(root_, true)) {
      auto const files = children(root_ / identity, false);
      if (files.empty())
        throw Error((root_ / identity).string(), "no picture", "at least one .png, .jpg or .jpeg file for each identity",
                    "Add pictures, remove the folder, or give the folder whose subfolders hold the pictures.");
      for (auto const& file : files) pictures_.push_back({identity + "/" + file, static_cast<int>(identities_.size())});
      identities_.push_back(identity);
    }
    if (identities_.size() < 2)
      throw Error(root, identities_.empty() ? "no identity" : "one identity only", "ROOT/identity/picture with at least two identities",
                  "Give a folder with a subfolder for each person.");
    if (!options.landmarks.empty()) landmarks_.emplace(options.landmarks);
  }

  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return static_cast<int>(identities_.size()); }
  int label(int i) const { return at(i).label; }
  std::string name(int i) const { return at(i).path; }  ///< relative to ROOT
  std::string const& identity(int label) const { return identities_.at(static_cast<std::size_t>(label)); }

  io::Image load(int i) const {
    auto const path = (root_ / at(i).path).string();
    auto const picture = io::read_image(path, smallest_side);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    if (!landmarks_) {
      misfits_->add(i, path, picture);
      return fit_square(picture, side_);
    }
    return landmarks_->align(picture, root_.string(), at(i).path, side_);
  }

  /// What should be said once, after the pictures were read: how many did not have the right size.
  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  struct Picture {
    std::string path;
    int label;
  };
  Picture const& at(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }

  /// The names of the folders, or of the pictures, in a folder, sorted; hidden ones are left out.
  static std::vector<std::string> children(std::filesystem::path const& folder, bool folders) {
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    if (error) throw Error(folder.string(), error.message(), "a folder that can be read", "Check the path and its permissions.");
    std::vector<std::string> names;
    for (auto const& entry : entries) {
      auto const name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      if (folders ? entry.is_directory() : entry.is_regular_file() && is_picture(name)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static bool is_picture(std::string const& name) {
    auto const dot = name.rfind('.');
    if (dot == std::string::npos) return false;
    std::string ending = name.substr(dot);
    for (char& c : ending)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
  }

  std::filesystem::path root_;
  int side_;
  std::shared_ptr<Misfits> misfits_;
  std::vector<std::string> identities_;
  std::vector<Picture> pictures_;
  std::optional<LandmarkList> landmarks_;
};
static_assert(Dataset<ImageFolder>);
}  // namespace berl::data
