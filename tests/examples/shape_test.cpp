#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>
#include <berl/io/safetensors.hpp>

#include <cmath>
#include <sstream>
#include <vector>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip;
namespace fs = std::filesystem;

namespace {
constexpr int S = 64;
constexpr double degree = 3.14159265358979 / 180;

/// A plane one away, turned about the vertical axis: z = 1 + x tan(angle), so depth = 1 / (1 - r tan(angle)) along the ray (r, ., 1); where
/// `round`, 0 outside of a circle.
std::vector<float> tilted(double angle, bool round) {
  std::vector<float> depth;
  double const middle = (S - 1) / 2.0, step = std::tan(5 * degree) / middle;  // a field of view of 10 degrees, from pixel to pixel
  for (int v = 0; v < S; ++v)
    for (int u = 0; u < S; ++u) {
      bool const in = !round || std::hypot(u - middle, v - middle) < 26;
      depth.push_back(in ? static_cast<float>(1 / (1 - (u - middle) * step * std::tan(angle * degree))) : 0.f);
    }
  return depth;
}
using Arrays = std::vector<std::pair<std::string, std::pair<io::Extents, std::vector<float>>>>;
std::string write(fs::path const& path, Arrays const& arrays) {
  io::SafeTensorsWriter writer;
  for (auto const& [name, array] : arrays) writer.add(name, array.first, std::vector<float>(array.second));
  writer.write(path);
  return path.string();
}
std::vector<float> joined(std::vector<float> a, std::vector<float> const& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A network after three steps and two pictures, whose truth is one plane; the mean of the two people is that plane too.
struct Prepared {
  test::ScratchFolder folder;
  std::string const model = "--model " + test::model_in(folder), list = (folder / "faces/list.csv").string();
  Arrays const arrays{{"depth", {{2, S, S}, joined(tilted(20, true), tilted(20, false))}},
                      {"view", {{2, 6}, std::vector<float>(12)}},
                      {"canon_depth", {{2, S, S}, people()}}};
  std::string const truth = write(folder / "truth.safetensors", arrays);

  Prepared() {
    test::train_shortly(folder);
    fs::create_directories(folder / "faces");
    data::SyntheticFaces const faces({.identities = 2, .pictures_per_identity = 1});
    for (int i = 0; i < 2; ++i) io::write_png(folder / ("faces/" + std::to_string(i) + ".png"), faces.load(i));
    test::spit(list, "path,person\n0.png,0\n1.png,1\n");
  }
  /// 0.01 before and behind the plane.
  static std::vector<float> people() {
    auto near = tilted(20, false), far = near;
    for (float& d : near) d -= 0.01f;
    for (float& d : far) d += 0.01f;
    return joined(near, far);
  }
  test::Ran shape(std::string const& truth_file, std::string const& rest = "--threads 1") const {
    return run(folder, "shape", model + " --truth " + truth_file + " --list " + list + " " + rest);
  }
};
struct Row {
  double network, flat, mean_face;
};
Row row(std::string const& out, std::string const& title) {
  auto const at = out.find(title);
  REQUIRE(at != std::string::npos);
  std::istringstream text(out.substr(at + title.size()));
  Row r{};
  text >> r.network >> r.flat >> r.mean_face;
  REQUIRE(text);
  return r;
}
}  // namespace

TEST_CASE("shape: synthetic people need no files") {
  if (skip()) return;
  test::ScratchFolder const folder;
  test::train_shortly(folder);
  auto const ran = run(folder, "shape", "--model " + test::model_in(folder) + " --synthetic 3 --threads 1");
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(ran.out.starts_with("30 pictures of 3 people; L1 of their reconstructions 0."));
  auto const mad = row(ran.out, "MAD, degrees"), side = row(ran.out, "SIDE x 100");
  CHECK(mad.mean_face < mad.flat);  // a face is more like another face than like a board
  CHECK(side.mean_face < side.flat);
  CHECK(mad.network > 0);
}

TEST_CASE("shape: a plane is as far from a flat face as it is turned, and no way from itself") {
  if (skip()) return;
  Prepared const p;
  auto const ran = p.shape(p.truth);
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(ran.error.empty());
  CHECK(lines(ran.out) == 3);
  auto const mad = row(ran.out, "MAD, degrees"), side = row(ran.out, "SIDE x 100");
  CHECK(mad.flat == doctest::Approx(20).epsilon(0.0005));  // two digits after the point are printed
  CHECK(mad.mean_face < 0.05);                             // the raster cuts the plane into triangles
  CHECK(side.flat > 0.5);                                  // ln d runs from -0.03 to 0.03 over the width: at most 1.9 as a deviation
  CHECK(side.flat < 1.9);
  CHECK(side.mean_face < 0.005);
  CHECK(mad.network > 0);
  CHECK(mad.network < 180);
  CHECK(side.network > 0);
  CHECK(p.shape(p.truth, "--threads 2").out == ran.out);
}

TEST_CASE("shape: figures are means over the pictures, and the view turns the mean face") {
  if (skip()) return;
  Prepared const p;
  auto arrays = p.arrays;
  arrays[0].second.second = joined(tilted(10, true), tilted(-30, true));
  CHECK(row(p.shape(write(p.folder / "two.safetensors", arrays)).out, "MAD, degrees").flat == doctest::Approx(20).epsilon(0.0005));

  arrays[0].second.second = joined(tilted(0, true), tilted(0, true));
  arrays[2].second = {{3, S, S}, joined(joined(tilted(0, false), tilted(0, false)), tilted(0, true))};  // beside the third there is no face
  auto const straight = row(p.shape(write(p.folder / "straight.safetensors", arrays)).out, "MAD, degrees");
  CHECK(straight.flat == 0);
  CHECK(straight.mean_face < 0.05);
  auto& view = arrays[1].second.second;
  view[1] = view[7] = static_cast<float>(25 * degree);  // yaw
  auto const turned = row(p.shape(write(p.folder / "turned.safetensors", arrays)).out, "MAD, degrees");
  CHECK(turned.flat == 0);
  CHECK(turned.mean_face == doctest::Approx(25).epsilon(0.002));  // 0.05 degrees, as above
}

TEST_CASE("shape: what the caller got wrong is one sentence and exit code 2") {
  if (skip()) return;
  Prepared const p;
  auto const changed = [&](std::string const& file, std::size_t array, io::Extents const& shape) {
    auto arrays = p.arrays;
    std::size_t size = 1;
    for (auto const n : shape) size *= static_cast<std::size_t>(n);
    arrays[array].second = {shape, std::vector<float>(size, 1.f)};
    return write(p.folder / file, arrays);
  };
  auto const without = [&](std::string const& file, std::ptrdiff_t array) {
    auto arrays = p.arrays;
    arrays.erase(arrays.begin() + array);
    return write(p.folder / file, arrays);
  };
  test::spit(p.folder / "heading.csv", "path,person\n");
  test::spit(p.folder / "gone.csv", "path,person\nfaces/0.png,0\nfaces/9.png,1\n");
  test::spit(p.folder / "text.csv", "path\nfaces/0.png\r\ntruth.safetensors\r\n");
  std::string const list = " --list " + p.list, truth = " --truth " + p.truth;
  auto const at = [&](char const* file) { return (p.folder / file).string(); };
  struct Case {
    std::string arguments, says;
  };
  for (auto const& c :
       {Case{"--model nowhere" + truth + list, "nowhere"}, Case{p.model + " --truth nowhere" + list, "nowhere: found no readable file"},
        Case{p.model + truth + " --list nowhere.csv", "nowhere.csv: found no such file"},
        Case{p.model + truth + " --list " + at("heading.csv"), "heading.csv: found no picture"},
        Case{p.model + truth + " --list " + at("gone.csv"), "9.png: found no readable file"},
        Case{p.model + truth + " --list " + at("text.csv"), "truth.safetensors: found a file that begins with the bytes"},
        Case{p.model + " --truth " + changed("three.safetensors", 0, {3, S, S}) + list,
             "array 'depth': found shape [3, 64, 64]; expected [2, 64, 64]"},
        Case{p.model + " --truth " + changed("view.safetensors", 1, {2, 7}) + list, "array 'view': found shape [2, 7]; expected [2, 6]"},
        Case{p.model + " --truth " + changed("canon.safetensors", 2, {2, 32, 32}) + list, "array 'canon_depth': found shape [2, 32, 32]"},
        Case{p.model + " --truth " + changed("nobody.safetensors", 2, {0, S, S}) + list, "found no people"},
        Case{p.model + " --truth " + without("missing.safetensors", 2) + list, "no 'canon_depth'"},
        Case{p.model + list, "expected one of the two"}, Case{p.model + truth + list + " --synthetic 2", "expected one of the two"},
        Case{p.model + truth + list + " --threads 0", "--threads"}, Case{p.model + truth + list + " more", "more"}}) {
    auto const ran = run(p.folder, "shape", c.arguments);
    CHECK_MESSAGE(ran.code == 2, c.arguments);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(ran.out.empty());
    CHECK(lines(ran.error) <= 2);  // the command line's own errors end in a line that names --help
  }
  CHECK(run(p.folder, "shape", "--help").code == 0);
}
