#pragma once
#include <berl/core/error.hpp>  // Error
#include <berl/data/csv.hpp>    // read_csv, number
#include <berl/io/image.hpp>    // Image

#include <array>
#include <cmath>  // floor, lround
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>  // move

namespace berl::data {
/// A position in a picture: x right, y down, the centre of the first pixel at (0, 0).
struct Point2 {
  double x = 0, y = 0;
};

/// Left eye (the viewer's left), right eye, nose, left and right corner of the mouth.
using Landmarks = std::array<Point2, 5>;

/// Where the five points lie in an aligned 112 x 112 picture (deng2019, ArcFace's template).
inline constexpr Landmarks face_template{
    {{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}};

/// Five of the 68 landmarks of iBUG 300-W, counted from 0: the eyes are the means of their corners.
inline Landmarks landmarks_of_68(std::span<Point2 const, 68> p) {
  auto const mean = [](Point2 a, Point2 b) { return Point2{(a.x + b.x) / 2, (a.y + b.y) / 2}; };
  return {mean(p[36], p[39]), mean(p[42], p[45]), p[30], p[48], p[54]};
}

/// q = M p + t with M = [a -b; b a]: a turn, a scale and a shift.
struct Similarity {
  double a = 1, b = 0, tx = 0, ty = 0;

  constexpr Point2 operator()(Point2 p) const { return {a * p.x - b * p.y + tx, b * p.x + a * p.y + ty}; }
  /// p = M^T (q - t) / (a^2 + b^2)
  constexpr Similarity inverse() const {
    double const n = a * a + b * b;
    return {a / n, -b / n, -(a * tx + b * ty) / n, (b * tx - a * ty) / n};
  }
};

/// The similarity that brings `from` nearest to `to` in the sum of squares (umeyama1991, without reflection, in two dimensions):
///   a = sum of p q / n,  b = sum of p_x q_y - p_y q_x / n,  n = sum of p p,  about the means;  t = mean q - M mean p
///   errors  Error, when the points of `from` fall together or the best scale is 0, so that no similarity is best
inline Similarity similarity(std::span<Point2 const> from, std::span<Point2 const> to,
                             std::string const& where = "berl::data::similarity") {
  if (from.size() != to.size() || from.size() < 2)
    throw Error(where, std::to_string(from.size()) + " and " + std::to_string(to.size()) + " points", "as many in both, two at least",
                "Give the same landmarks in both.");
  auto const mean = [](std::span<Point2 const> points) {
    Point2 sum;
    for (Point2 const p : points) sum.x += p.x, sum.y += p.y;
    auto const n = static_cast<double>(points.size());
    return Point2{sum.x / n, sum.y / n};
  };
  Point2 const p0 = mean(from), q0 = mean(to);
  double a = 0, b = 0, n = 0;
  for (std::size_t k = 0; k < from.size(); ++k) {
    Point2 const p{from[k].x - p0.x, from[k].y - p0.y}, q{to[k].x - q0.x, to[k].y - q0.y};
    a += p.x * q.x + p.y * q.y;
    b += p.x * q.y - p.y * q.x;
    n += p.x * p.x + p.y * p.y;
  }
  if (!(n > 1e-12) || !(a * a + b * b > 1e-24 * n * n))  // also when something is not a number
    throw Error(where, "landmarks that fall together", "points of a face", "Correct the landmarks.");
  a /= n, b /= n;
  return {a, b, q0.x - a * p0.x + b * p0.y, q0.y - b * p0.x - a * p0.y};
}

/// The picture moved by `move`: output pixel q is the bilinear sample of the picture at move^-1(q), 0 outside, rounded to bytes.
inline io::Image warp(io::Image const& picture, Similarity const& move, int width, int height) {
  io::Image out;
  out.width = width, out.height = height, out.channels = picture.channels;
  auto const channels = static_cast<std::size_t>(picture.channels);
  out.pixels.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels, 0);
  Similarity const back = move.inverse();
  std::uint8_t* to = out.pixels.data();
  for (int v = 0; v < height; ++v)
    for (int u = 0; u < width; ++u, to += channels) {
      Point2 const p = back({double(u), double(v)});
      if (!(p.x > -1 && p.y > -1 && p.x < picture.width && p.y < picture.height)) continue;
      int const x = static_cast<int>(std::floor(p.x)), y = static_cast<int>(std::floor(p.y));
      double const fx = p.x - x, fy = p.y - y;
      for (std::size_t c = 0; c < channels; ++c) {
        auto const at = [&](int column, int row) {
          if (column < 0 || row < 0 || column >= picture.width || row >= picture.height) return 0.0;
          auto const pixel = static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(column);
          return double(picture.pixels[pixel * channels + c]);
        };
        double const top = (1 - fx) * at(x, y) + fx * at(x + 1, y), bottom = (1 - fx) * at(x, y + 1) + fx * at(x + 1, y + 1);
        to[c] = static_cast<std::uint8_t>(std::lround((1 - fy) * top + fy * bottom));
      }
    }
  return out;
}

/// The face upright in a square picture, its five points where the template has them (which is scaled from 112 to `side`).
///   errors  as similarity; Error, when none of the five points lies in the picture
inline io::Image align(io::Image const& picture, Landmarks const& found, int side = 112, std::string const& where = "berl::data::align") {
  bool inside = false;
  for (Point2 const p : found) inside = inside || (p.x >= 0 && p.y >= 0 && p.x <= picture.width - 1 && p.y <= picture.height - 1);
  if (!inside)
    throw Error(where, "five landmarks outside of the picture of " + std::to_string(picture.width) + " x " + std::to_string(picture.height),
                "points of this picture", "Give landmarks in pixels of the picture as it is stored.");
  Landmarks wanted = face_template;
  for (Point2& q : wanted) q.x *= side / 112.0, q.y *= side / 112.0;
  return warp(picture, similarity(found, wanted, where), side, side);
}

/// Five points for each picture, by its path as the list has it.
using LandmarkTable = std::unordered_map<std::string, Landmarks>;

/// Lines "path,x1,y1,...,x5,y5", in pixels and in the order of Landmarks; the first line may name the columns.
///   errors  Error with file and line: another number of fields, a coordinate that is no number, a path for the second time
inline LandmarkTable read_landmarks(std::string const& path) {
  auto const rows = read_csv(path, 11, "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5");
  LandmarkTable table;
  for (auto const& row : rows) {
    Landmarks points;
    bool names_columns = &row == &rows.front();  // until one of them is a number
    std::size_t wrong = 0;
    for (std::size_t i = 10; i >= 1; --i) {
      auto const value = detail::number(row.fields[i]);
      if (value) names_columns = false;
      if (!value) wrong = i;
      (i % 2 == 1 ? points[(i - 1) / 2].x : points[(i - 1) / 2].y) = value.value_or(0);
    }
    if (names_columns) continue;
    if (wrong != 0)
      throw Error(row.where + ", field " + std::to_string(wrong + 1), "\"" + row.fields[wrong] + "\"", "a number of pixels",
                  "Correct the line.");
    if (!table.emplace(row.fields[0], points).second)
      throw Error(row.where, row.fields[0] + " for the second time", "each picture once", "Remove one of the lines.");
  }
  if (table.empty()) throw Error(path, "no picture", "lines path,x1,y1,...,x5,y5", "Give the landmarks of each picture.");
  return table;
}

/// A list of landmarks, by which pictures are aligned.
class LandmarkList {
 public:
  /// errors  as read_landmarks
  explicit LandmarkList(std::string path) : path_(std::move(path)), table_(read_landmarks(path_)) {}

  /// The picture `root`/`name`, whose line begins with `name`; an empty root is the working folder.
  ///   errors  as align, with the picture's path; Error, when the list has no line for it
  io::Image align(io::Image const& picture, std::string const& root, std::string const& name, int side = 112) const {
    auto const found = table_.find(name);
    if (found == table_.end())
      throw Error(path_, "no line for " + name,
                  "the landmarks of each picture that is not " + std::to_string(side) + " x " + std::to_string(side),
                  "Add a line; paths are relative to " + (root.empty() ? std::string("the working folder") : root) + ".");
    return data::align(io::to_rgb(picture), found->second, side, (std::filesystem::path(root) / name).string());
  }

 private:
  std::string path_;
  LandmarkTable table_;
};
}  // namespace berl::data
