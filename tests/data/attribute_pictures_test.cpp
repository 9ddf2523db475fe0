#include <berl/data/attribute_pictures.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;
using namespace berl::data;

namespace {
AttributeList listed(std::vector<std::string> paths) {
  AttributeList list;
  list.values.resize(paths.size()), list.splits.resize(paths.size());
  list.paths = std::move(paths);
  return list;
}
}  // namespace

TEST_CASE("attribute pictures: aligned ones as they are, others by their landmarks or their middle square") {
  test::ScratchFolder const folder;
  auto aligned = io::blank(112, 112, 3), large = io::blank(224, 224, 3);
  aligned.pixels[7] = 200;
  large.pixels[static_cast<std::size_t>(3 * (224 * 112 + 112))] = 255;
  io::write_png(folder / "a.png", aligned), io::write_png(folder / "b.png", large);

  AttributePictures const plain(folder.path().string(), listed({"a.png", "b.png"}));
  CHECK(plain.size() == 2);
  CHECK(plain.identities() == 1);
  CHECK(plain.load(0) == aligned);
  CHECK_FALSE(plain.warning());
  CHECK(plain.load(1) == fit_square(large, 112));
  CHECK(plain.warning()->starts_with("1 of 2 pictures are not 112 x 112"));

  Landmarks twice = face_template;  // where the template's points are in a picture of twice the side
  for (Point2& p : twice) p.x *= 2, p.y *= 2;
  AttributePictures const placed(folder.path().string(), listed({"a.png", "b.png"}), LandmarkTable{{"b.png", twice}});
  CHECK(placed.load(0) == aligned);
  CHECK(placed.load(1) == align(large, twice));
  CHECK_FALSE(placed.warning());
}

TEST_CASE("attribute pictures: what is missing is named with its path") {
  test::ScratchFolder const folder;
  io::write_png(folder / "b.png", io::blank(20, 20, 3));
  AttributePictures const pictures(folder.path().string(), listed({"a.png", "b.png"}), LandmarkTable{});
  CHECK(test::message_of<Error>([&] { pictures.load(0); }).starts_with((folder / "a.png").string()));
  CHECK(test::message_of<Error>([&] { pictures.load(1); }) ==
        (folder / "b.png").string() +
            ": found no landmarks; expected five points for each picture that is not 112 x 112. Add a line b.png "
            "to the list of landmarks.");
}
