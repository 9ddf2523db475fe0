#include <berl/data/image_folder.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <cstdlib>  // getenv

using berl::Error;
using berl::data::ImageFolder;
using berl::test::message_of;
using berl::test::ScratchFolder;
using berl::test::slurp;
using berl::test::spit;
namespace fs = std::filesystem;
namespace io = berl::io;

namespace {
io::Image shade(int width, int height, int channels, int value) {
  auto picture = io::blank(width, height, channels);
  for (auto& p : picture.pixels) p = static_cast<std::uint8_t>(value);
  return picture;
}
void put(fs::path const& path, io::Image const& picture) {
  fs::create_directories(path.parent_path());
  if (path.extension() == ".png" || path.extension() == ".PNG")
    io::write_png(path, picture);
  else
    io::write_jpeg(path, picture);
}
std::string opening(fs::path const& root) {
  return message_of<Error>([&] { ImageFolder(root.string()); });
}
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
}
}  // namespace

TEST_CASE("image folder: identities and pictures in the order of their names") {
  ScratchFolder const root;
  put(root / "zoe/1.png", shade(112, 112, 3, 10));
  put(root / "ann/b.jpg", shade(112, 112, 3, 30));
  put(root / "ann/a.PNG", shade(112, 112, 1, 20));
  put(root / "Bob/x.jpeg", shade(112, 112, 1, 40));
  put(root / ".hidden/x.png", shade(112, 112, 1, 40));
  spit(root / "ann/notes.txt", "no picture");
  spit(root / "list.csv", "no folder");
  ImageFolder const faces(root.path().string());
  REQUIRE(faces.size() == 4);
  CHECK(faces.identities() == 3);
  char const* const names[] = {"Bob/x.jpeg", "ann/a.PNG", "ann/b.jpg", "zoe/1.png"};
  int const labels[] = {0, 1, 1, 2}, values[] = {40, 20, 30, 10};
  for (int i = 0; i < 4; ++i) {
    CHECK(faces.name(i) == names[i]);
    CHECK(faces.label(i) == labels[i]);
    auto const picture = faces.load(i);
    CHECK(picture.width == 112);
    CHECK(picture.height == 112);
    CHECK(picture.channels == 3);
    CHECK(std::abs(picture.at(50, 50, 1) - values[i]) <= 2);  // a constant survives JPEG up to its quantisation
  }
  CHECK(faces.identity(1) == "ann");
  CHECK(!faces.warning());
}

TEST_CASE("image folder: other sizes are resized, and said once with their number") {
  ScratchFolder const root;
  put(root / "a/1.png", shade(200, 150, 3, 77));
  put(root / "a/2.png", shade(112, 112, 3, 5));
  put(root / "b/1.png", shade(40, 50, 1, 99));
  ImageFolder const faces(root.path().string());
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 3; ++i) CHECK(faces.load(i).pixels.size() == 112 * 112 * 3);
  CHECK(faces.load(0).at(111, 0, 2) == 77);
  says(faces.warning().value_or("none"), "2 of 3 pictures are not 112 x 112");
  CHECK(ImageFolder(root.path().string(), {.side = 64, .landmarks = ""}).load(1).width == 64);
}

TEST_CASE("image folder: with landmarks other sizes are aligned") {
  ScratchFolder const root;
  auto big = io::blank(300, 260, 3);
  berl::data::Similarity const away{1.5, 0.3, 40, 10};
  std::string line = "a/1.png";
  for (auto const q : berl::data::face_template) {
    auto const p = away(q);
    line += "," + std::to_string(p.x) + "," + std::to_string(p.y);
    for (int v = -3; v <= 3; ++v)
      for (int u = -3; u <= 3; ++u) big.at(static_cast<int>(p.y) + v, static_cast<int>(p.x) + u, 0) = 255;
  }
  put(root / "a/1.png", big);
  put(root / "b/1.png", shade(112, 112, 3, 1));
  put(root / "b/2.png", shade(60, 60, 3, 1));
  spit(root / "marks.csv", "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\n" + line + "\n");
  ImageFolder const faces(root.path().string(), {.side = 112, .landmarks = (root / "marks.csv").string()});
  auto const aligned = faces.load(0);
  for (auto const q : berl::data::face_template) {
    CHECK(aligned.at(static_cast<int>(std::lround(q.y)), static_cast<int>(std::lround(q.x)), 0) == 255);
    CHECK(aligned.at(static_cast<int>(std::lround(q.y)), static_cast<int>(std::lround(q.x)) + 6, 0) == 0);  // the mark is 7 / 1.53 wide
  }
  CHECK(faces.load(1).at(0, 0, 0) == 1);  // as it is, without a line
  says(message_of<Error>([&] { (void)faces.load(2); }), "no line for b/2.png");
  CHECK(!faces.warning());
}

TEST_CASE("image folder: folders that are no training set") {
  ScratchFolder const root;
  says(opening(root / "none"), "none: found No such file or directory");
  says(opening(root.path()), "no identity");
  put(root / "a/1.png", shade(112, 112, 3, 1));
  says(opening(root.path()), "one identity only");
  fs::create_directory(root / "empty");
  says(opening(root.path()), "empty: found no picture");
  spit(root / "file", "");
  says(opening(root / "file"), "file: found Not a directory");
}

TEST_CASE("image folder: pictures that are none are named") {
  ScratchFolder const root;
  put(root / "a/good.png", shade(112, 112, 3, 1));
  put(root / "b/good.jpg", shade(112, 112, 3, 1));
  spit(root / "b/text.jpg", "this is not a picture");
  put(root / "b/tiny.png", shade(1, 1, 3, 1));
  std::string const png = slurp(root / "a/good.png"), jpg = slurp(root / "b/good.jpg");
  spit(root / "b/cut.png", png.substr(0, png.size() / 2));
  spit(root / "b/cut.jpg", jpg.substr(0, jpg.size() / 2));
  spit(root / "b/void.png", "");
  ImageFolder const faces(root.path().string());
  REQUIRE(faces.size() == 7);
  int bad = 0;
  for (int i = 0; i < faces.size(); ++i) {
    auto const text = message_of<Error>([&] { (void)faces.load(i); });
    if (faces.name(i).find("good") != std::string::npos) {
      CHECK(text == "no exception");
    } else {
      ++bad;
      says(text, (root / faces.name(i)).string());
      says(text, "; expected ");
    }
  }
  CHECK(bad == 5);
}

TEST_CASE("image folder: real pictures on disk") {
  char const* const data = std::getenv("BERL_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: set BERL_DATA to a folder with att/ and yaleb/");
    return;
  }
  ImageFolder const att(std::string(data) + "/att");
  CHECK(att.size() == 280);
  CHECK(att.identities() == 28);
  ImageFolder const yale(std::string(data) + "/yaleb");
  CHECK(yale.size() == 1573);
  CHECK(yale.identities() == 25);
  for (int i = 0; i < att.size(); i += 13) CHECK(att.load(i).channels == 3);
  CHECK(!att.warning());
}
