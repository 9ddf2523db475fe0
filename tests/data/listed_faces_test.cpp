#include <berl/data/listed_faces.hpp>
#include <berl/data/synthetic_face.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

using namespace berl;
using data::ListedFaces;
using test::message_of, test::ScratchFolder, test::spit;

namespace {
io::Image shade(int side, int value) {
  auto picture = io::blank(side, side, 3);
  for (auto& p : picture.pixels) p = static_cast<std::uint8_t>(value);
  return picture;
}
}  // namespace

TEST_CASE("listed faces: im2rec's list, whose classes are numbered anew in their order") {
  ScratchFolder const root;
  std::filesystem::create_directory(root / "sub");
  io::write_png(root / "sub/a.png", shade(112, 10));
  io::write_png(root / "b.png", shade(112, 20));
  io::write_png(root / "c.png", shade(120, 30));
  spit(root / "train.lst", "5\t70.0\tsub/a.png\n6\t9\tb.png\n9\t70\tc.png\n");
  ListedFaces const faces((root / "train.lst").string());
  REQUIRE(faces.size() == 3);
  CHECK(faces.identities() == 2);
  int const labels[] = {1, 0, 1}, values[] = {10, 20, 30};
  for (int i = 0; i < 3; ++i) {
    CHECK(faces.label(i) == labels[i]);
    CHECK(faces.load(i).width == 112);
    CHECK(faces.load(i).at(50, 50, 2) == values[i]);
  }
  CHECK(faces.name(0) == "sub/a.png");
  CHECK(faces.warning().value_or("none").find("1 of 3 pictures are not 112 x 112") == 0);
  CHECK(ListedFaces((root / "train.lst").string(), 64).load(1).width == 64);
}

TEST_CASE("listed faces: InsightFace's list, by whose points a picture is aligned") {
  ScratchFolder const root;
  auto const face = data::SyntheticFaces({.identities = 2, .pictures_per_identity = 1}).load(0);
  data::Similarity const away{1.1, 0.2, 60, 10};
  data::Landmarks marks = data::face_template;
  std::string x, y;
  for (auto& p : marks) {
    p = away(p);
    p = {std::round(p.x), std::round(p.y)};  // as the list will have it
    x += "\t" + std::to_string(static_cast<int>(p.x)), y += "\t" + std::to_string(static_cast<int>(p.y));
  }
  auto const turned = data::warp(face, away, 220, 190);
  io::write_png(root / "turned.png", turned);
  io::write_png(root / "aligned.png", face);
  io::write_png(root / "moved.png", data::warp(face, away, 112, 112));
  std::string const points = "\t10\t10\t100\t100" + x + y + "\n";
  spit(root / "all.lst", "0\tturned.png\t3" + points + "1\taligned.png\t4\n0\tmoved.png\t4" + points + "1\taligned.png\t4" + points +
                             "1\tturned.png\t3" + points);
  ListedFaces const faces((root / "all.lst").string());
  CHECK(faces.load(0) == data::align(turned, marks));
  CHECK(faces.load(1) == face);
  CHECK(faces.label(1) == 1);
  CHECK(!faces.warning());
  CHECK(faces.load(2) == data::align(io::read_image((root / "moved.png").string()), marks));  // 112 x 112, but not aligned as the list says
  CHECK(faces.load(3) == face);                                                               // aligned as the list says
  CHECK(faces.load(4) == data::fit_square(turned, 112));
  CHECK(faces.warning());
}

TEST_CASE("listed faces: what is no training set is said with the list's or the picture's path") {
  ScratchFolder const root;
  auto const opening = [&](std::string const& text) {
    spit(root / "x.lst", text);
    return message_of<Error>([&] { (void)ListedFaces((root / "x.lst").string()).load(0); });
  };
  CHECK(opening("0\t1\ta.png\n1\t1\tb.png\n").find("x.lst: found one identity only; expected pictures of at least two") !=
        std::string::npos);
  CHECK(opening("0\t1\ta.png\n1\t0.5\tb.png\n").find("x.lst, picture b.png: found class 0.5") != std::string::npos);
  CHECK(opening("0\t1\ta.png\n1\t-1\tb.png\n").find("class -1") != std::string::npos);
  CHECK(opening("0\t16777215\ta.png\n1\t16777217\tb.png\n").find("expected a whole number from 0 to 16777215") != std::string::npos);
  CHECK(opening("0\t1\ta.png\n1\t2\tb.png\n").find((root / "a.png").string()) == 0);  // is not there
  CHECK(opening("0\t1\n").find("x.lst, line 1") != std::string::npos);
}
