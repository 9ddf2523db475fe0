#pragma once
#include <berl/data/align.hpp>         // LandmarkList
#include <berl/data/dataset.hpp>       // fit_square, Misfits
#include <berl/data/image_folder.hpp>  // ImageFolder
#include <berl/data/listed_faces.hpp>  // ListedFaces
#include <berl/data/record_faces.hpp>  // RecordFaces
#include <berl/io/image.hpp>           // read_image

#include <unistd.h>  // isatty

#include <fmt/core.h>
#include <algorithm>  // sort, min, max
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What the programs that read pictures have in common.
struct Picture {
  std::filesystem::path path;
  std::string name;      ///< without its ending, for files that are made from it; different for each picture
  std::string folder;    ///< that was given, of which it is a part; empty where the picture itself was given
  std::string relative;  ///< to that folder, or else to the working folder
};

/// Whether --data names one file of people's pictures, records or a list, and no folder.
inline bool is_file_of_people(std::string const& data) { return data.ends_with(".rec") || data.ends_with(".lst"); }
/// Calls f with the Dataset that --data names: a .rec file, a .lst file, or else a folder with one folder of pictures for each person,
/// which are aligned by the list of landmarks, if one is given.
///   errors  Error: landmarks for another than a folder; as the dataset's
template <class F>
auto with_people(std::string const& data, std::string const& landmarks, F&& f) {
  if (!landmarks.empty() && is_file_of_people(data))
    throw berl::Error("--landmarks", landmarks + " for --data " + data, "a folder of pictures",
                      "Leave it out; records are aligned, and a .lst file may have points itself.");
  if (data.ends_with(".rec")) return f(berl::data::RecordFaces(data));
  if (data.ends_with(".lst")) return f(berl::data::ListedFaces(data));
  return f(berl::data::ImageFolder(data, {.landmarks = landmarks}));
}
inline constexpr char const* people_help =
    "a folder with one folder of PNG or JPEG pictures for each person, a .rec file, a .lst file of pictures, or: synthetic";

/// The pictures of a command line: files as they are given, and all .png, .jpg and .jpeg files in and below folders, sorted.
///   errors  Error: something that does not exist, a folder without pictures
inline std::vector<Picture> find_pictures(std::vector<std::string> const& arguments) {
  namespace fs = std::filesystem;
  std::vector<Picture> pictures;
  std::set<std::string> names;
  auto const add = [&](fs::path const& path, std::string const& folder, fs::path const& relative) {
    fs::path const shown = folder.empty() ? relative.filename() : relative;
    std::string stem = fs::path(shown).replace_extension().generic_string();
    std::replace(stem.begin(), stem.end(), '/', '_');
    std::string name = stem;
    for (int k = 2; !names.insert(name).second; ++k) name = fmt::format("{}_{}", stem, k);
    pictures.push_back({path, name, folder, relative.generic_string()});
  };
  for (std::string const& argument : arguments) {
    std::error_code error;
    if (!fs::is_directory(argument, error)) {
      if (!fs::exists(argument, error))
        throw berl::Error(argument, "no such file or folder", "a picture, or a folder of pictures", "Check the path.");
      add(argument, "", fs::path(argument).lexically_normal());
      continue;
    }
    std::vector<fs::path> found;
    auto const options = fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
    for (auto const& entry : fs::recursive_directory_iterator(argument, options)) {
      std::string ending = entry.path().extension().string();
      for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if ((ending == ".png" || ending == ".jpg" || ending == ".jpeg") && entry.is_regular_file()) found.push_back(entry.path());
    }
    if (found.empty())
      throw berl::Error(argument, "no picture", "a folder with .png, .jpg or .jpeg files", "Give another folder, or the files.");
    std::sort(found.begin(), found.end());
    for (auto const& path : found) add(path, argument, path.lexically_relative(argument));
  }
  return pictures;
}

/// Reads pictures as the networks take them: 112 x 112 as they are, others aligned where there is a list of landmarks, else their
/// middle square. One that cannot be used is named on stderr and left out, so that the others are not lost.
class PictureReader {
 public:
  /// `landmarks` is a list of data::read_landmarks, or empty.
  ///   errors  Error: the list cannot be read
  explicit PictureReader(std::string const& landmarks) {
    if (!landmarks.empty()) landmarks_.emplace(landmarks);
  }
  /// False where the picture cannot be used.
  bool read(Picture const& picture, berl::io::Image& to) {
    ++asked_;
    try {
      auto image = berl::io::read_image(picture.path, berl::data::smallest_side);
      if (image.width == side && image.height == side) {
        to = berl::io::to_rgb(std::move(image));
      } else if (landmarks_) {
        to = landmarks_->align(image, picture.folder, picture.relative, side);
      } else {
        misfits_.add(asked_, picture.path.string(), image);
        to = berl::data::fit_square(image, side);
      }
      return true;
    } catch (berl::Error const& e) {
      fmt::print(stderr, "{}left out: {}\n", isatty(2) ? "\r" : "", e.what());
      ++bad_;
      return false;
    }
  }
  /// Says what is to be said at the end; the program's exit code.
  int finish() const {
    if (auto const warning = misfits_.warning(side, asked_)) fmt::print(stderr, "warning: {}\n", *warning);
    if (bad_ > 0) fmt::print(stderr, "{} of {} pictures cannot be used.\n", bad_, asked_);
    return bad_ > 0 ? 2 : 0;
  }

 private:
  static constexpr int side = 112;
  std::optional<berl::data::LandmarkList> landmarks_;
  berl::data::Misfits misfits_;
  int asked_ = 0, bad_ = 0;
};

/// "120 of 4000 pictures, 85 a second, 46 s left" in one line of a terminal, twice a second at the most; nothing where there is no
/// terminal.
class Progress {
 public:
  explicit Progress(std::size_t all, std::string what = "pictures") : all_(all), what_(std::move(what)), shown_(isatty(2) != 0) {}
  Progress(Progress const&) = delete;
  Progress& operator=(Progress const&) = delete;
  ~Progress() {
    if (any_) fmt::print(stderr, "\r{:72}\r", "");
  }
  void at(std::size_t done) {
    auto const now = Clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(500)) return;
    last_ = now;
    any_ = true;
    double const rate = static_cast<double>(done) / std::chrono::duration<double>(now - start_).count();
    double const left = static_cast<double>(all_ - std::min(done, all_)) / std::max(rate, 1e-9);
    fmt::print(stderr, "\r{} of {} {}, {:.0f} a second, {} left   ", done, all_, what_, rate,
               left < 120 ? fmt::format("{:.0f} s", left) : fmt::format("{:.0f} min", left / 60));
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t all_;
  std::string what_;
  bool shown_, any_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};
