#include <berl/data/align.hpp>
#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>
#include <berl/io/safetensors.hpp>

#include <nlohmann/json.hpp>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip;
namespace fs = std::filesystem;

/// Faces that lie small and turned in larger pictures, their landmarks, and the same faces aligned beforehand.
namespace {
struct Prepared {
  test::ScratchFolder folder;
  std::string const model = "--model " + test::model_in(folder) + " --threads 1";
  std::string const found = (folder / "found").string(), aligned = (folder / "aligned").string();
  std::string const list = (folder / "landmarks.csv").string();
  static constexpr char const* names[] = {"p0.png", "sub/p1.png", "p2.png", "p3.png"};
  std::string points[4];

  Prepared() {
    test::train_shortly(folder);
    fs::create_directories(folder / "found/sub");
    fs::create_directories(folder / "aligned/sub");
    data::SyntheticFaces const faces({.identities = 2, .pictures_per_identity = 2});
    std::string text = "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\n";
    for (int i = 0; i < 4; ++i) {
      bool const fits = i >= 2;  // the last two are aligned already; one has landmarks all the same
      data::Similarity const away{0.9 + 0.1 * i, 0.2, 60, 10};
      data::Landmarks marks = data::face_template;
      for (auto& p : marks) p = away(p);
      for (auto const p : marks) points[i] += "," + std::to_string(p.x) + "," + std::to_string(p.y);
      auto const picture = fits ? faces.load(i) : data::warp(faces.load(i), away, 220, 190);
      io::write_png(folder / ("found/" + std::string(names[i])), picture);
      io::write_png(folder / ("aligned/" + std::string(names[i])), fits ? picture : data::align(picture, rounded(points[i])));
      if (i < 3) text += names[i] + points[i] + "\n";
    }
    test::spit(list, text);
    for (auto const* const name : {"found", "aligned"})
      test::spit(folder / (std::string(name) + "/pairs.csv"),
                 "p0.png,sub/p1.png,1\np0.png,p2.png,0\nsub/p1.png,p3.png,0\np2.png,p3.png,1\n");
  }
  /// The points as the list has them, six digits each.
  static data::Landmarks rounded(std::string const& text) {
    data::Landmarks marks;
    std::size_t at = 0;
    auto const next = [&] {
      std::size_t length = 0;
      double const value = std::stod(text.substr(at + 1), &length);
      at += 1 + length;
      return value;
    };
    for (auto& p : marks) p.x = next(), p.y = next();
    return marks;
  }
  std::vector<float> embeddings(std::string const& what) const {
    auto const out = (folder / "e.safetensors").string();
    auto const ran = run(folder, "embed", model + " --out " + out + " " + what);
    CHECK_MESSAGE(ran.code == 0, ran.error);
    return io::SafeTensors::read(out).get<float>("embeddings");
  }
};
}  // namespace

namespace {
/// Aligned here and by the programs, a picture may differ by one step of 255 where a product was fused with its sum in one and not in the
/// other; what comes of it then differs by less than a hundredth of the largest value.
bool alike(std::vector<float> const& a, std::vector<float> const& b) {
  float largest = 0, apart = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    largest = std::max(largest, std::abs(a[i])), apart = std::max(apart, std::abs(a[i] - b[i]));
  return a.size() == b.size() && !a.empty() && apart < largest / 100;
}
std::vector<float> pixels_of(fs::path const& file) {
  auto const picture = io::read_image(file.string());
  std::vector<float> values(picture.pixels.begin(), picture.pixels.end());
  return values;
}
std::vector<float> numbers_of(nlohmann::json const& json) {
  std::vector<float> numbers;
  auto const flat = json.flatten();
  for (auto const& value : flat)
    if (value.is_number()) numbers.push_back(value.get<float>());
  return numbers;
}
/// The mean difference of two pictures' bytes, by which one step in a picture's depth may move a whole row.
double mean_difference(std::vector<float> const& a, std::vector<float> const& b) {
  if (a.empty() || a.size() != b.size()) return HUGE_VAL;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(double(a[i]) - double(b[i]));
  return sum / double(a.size());
}
}  // namespace

TEST_CASE("with landmarks, pictures of another size are aligned as in training") {
  if (skip()) return;
  Prepared const p;
  auto const with = " --landmarks " + p.list + " ";
  auto const expected = p.embeddings(p.aligned);
  CHECK(alike(p.embeddings(with + p.found), expected));
  CHECK(!alike(p.embeddings(p.found), expected));

  auto const parts = [&](std::string const& out, std::string const& what) {
    auto const ran = run(p.folder, "reconstruct", p.model + " --out " + (p.folder / out).string() + " " + what);
    CHECK_MESSAGE(ran.code == 0, ran.error);
    CHECK(ran.error.empty());  // nothing was cut
  };
  parts("a", p.aligned), parts("b", with + p.found);
  for (auto const* const file : {"faces.png", "p0_depth.png", "sub_p1_depth.png"})
    CHECK(mean_difference(pixels_of(p.folder / ("a/" + std::string(file))), pixels_of(p.folder / ("b/" + std::string(file)))) < 1);

  auto const verified = [&](std::string const& what) {
    auto const out = (p.folder / "v.json").string();
    auto const ran = run(p.folder, "verify", p.model + " --out " + out + what + "/pairs.csv");
    CHECK_MESSAGE(ran.code == 0, ran.error);
    return nlohmann::json::parse(test::slurp(out));
  };
  auto const reference = verified(" --pairs " + p.aligned);
  CHECK(alike(numbers_of(verified(with + "--pairs " + p.found)), numbers_of(reference)));
  CHECK(!alike(numbers_of(verified(" --pairs " + p.found)), numbers_of(reference)));
}

TEST_CASE("a picture given by itself is in the list as it was given") {
  if (skip()) return;
  Prepared const p;
  auto const alone = (p.folder / "found/p0.png").string(), list = (p.folder / "alone.csv").string();
  test::spit(list, alone + p.points[0] + "\n");
  auto const all = p.embeddings(p.aligned + "/p0.png");
  CHECK(alike(p.embeddings("--landmarks " + list + " " + alone), all));
  CHECK(alike(p.embeddings("--landmarks " + list + " " + p.found + "/./p0.png"), all));
}

TEST_CASE("a picture to align that is not in the list, and lists that are none, are one message and exit code 2") {
  if (skip()) return;
  Prepared const p;
  auto const out = (p.folder / "e.csv").string(), part = (p.folder / "part.csv").string();
  test::spit(part, "p0.png" + p.points[0] + "\n");
  auto const embedded = run(p.folder, "embed", p.model + " --landmarks " + part + " --out " + out + " " + p.found);
  CHECK(embedded.code == 2);
  CHECK(embedded.error == "left out: " + part +
                              ": found no line for sub/p1.png; expected the landmarks of each picture that is not 112 x 112." +
                              " Add a line; paths are relative to " + p.found + ".\n1 of 4 pictures cannot be used.\n");
  CHECK(lines(test::slurp(out)) == 1 + 3);  // the others are there

  auto const verified = run(p.folder, "verify", p.model + " --landmarks " + part + " --pairs " + p.found + "/pairs.csv");
  CHECK(verified.code == 2);
  CHECK(verified.error.find("found no line for sub/p1.png") != std::string::npos);
  CHECK(lines(verified.error) == 1);

  test::spit(p.folder / "short.csv", "p0.png,1,2\n");
  test::spit(p.folder / "far.csv", "p0.png,900,900,910,900,905,905,900,910,910,910\n");
  struct Case {
    std::string list, says;
  };
  struct Typed {
    std::string program, rest;
  };
  for (auto const& c : {Case{"none.csv", "no file that can be read"}, Case{"short.csv", "short.csv, line 1: found 3 fields"},
                        Case{"far.csv", "p0.png: found five landmarks outside of the picture of 220 x 190"}}) {
    auto const list = (p.folder / c.list).string();
    for (auto const& t : {Typed{"embed", " --out " + out + " " + p.found + "/p0.png"},
                          Typed{"reconstruct", " --out " + (p.folder / "o").string() + " " + p.found},
                          Typed{"verify", " --pairs " + p.found + "/pairs.csv"}}) {
      if (c.list == "far.csv" && t.program == "embed") continue;  // there the picture has another name
      auto const ran = run(p.folder, t.program, p.model + " --landmarks " + list + t.rest);
      CAPTURE(t.program);
      CHECK(ran.code == 2);
      CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    }
  }
}
