#include <berl/data/cropped_pictures.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;
using test::message_of, test::ScratchFolder, test::spit;

namespace {
/// Each pixel says where it is.
io::Image picture(int width, int height) {
  auto image = io::blank(width, height, 3);
  for (int v = 0; v < height; ++v)
    for (int u = 0; u < width; ++u) image.at(v, u, 0) = static_cast<std::uint8_t>(u), image.at(v, u, 1) = static_cast<std::uint8_t>(v);
  return image;
}
}  // namespace

TEST_CASE("a crop repeats the picture's edge where it reaches beyond") {
  auto const image = picture(20, 30);
  auto const inside = data::cut(image, {"", 0, 3, 5, 4, 6}, "a");
  CHECK(inside.width == 4);
  CHECK(inside.height == 6);
  for (int v = 0; v < 6; ++v)
    for (int u = 0; u < 4; ++u) CHECK((inside.at(v, u, 0) == 3 + u && inside.at(v, u, 1) == 5 + v));
  auto const beyond = data::cut(image, {"", 0, -2, 26, 5, 8}, "a");
  int const columns[] = {0, 0, 0, 1, 2}, rows[] = {26, 27, 28, 29, 29, 29, 29, 29};
  for (int v = 0; v < 8; ++v)
    for (int u = 0; u < 5; ++u) CHECK((beyond.at(v, u, 0) == columns[u] && beyond.at(v, u, 1) == rows[v]));
  CHECK(message_of<Error>([&] {
          data::cut(image, {"", 0, -6, 0, 5, 5}, "a.jpg");
        }).find("a.jpg: found a crop at (-6, 0) of a picture of 20 x 30; expected one that is not beyond") != std::string::npos);
}

TEST_CASE("the crops of a split are a dataset without labels") {
  ScratchFolder scratch;
  io::write_png((scratch / "a.png").string(), picture(40, 50));
  auto const list = (scratch / "crops.txt").string();
  spit(list, "a.png 0 4 6 20 20\nb.png 1 0 0 9 9\na.png 0 -10 0 40 40\n");
  data::CroppedPictures const crops(scratch.path().string(), list, 0, 20);
  CHECK(crops.size() == 2);
  CHECK(crops.identities() == 1);
  CHECK(crops.name(1) == "a.png");
  auto const first = crops.load(0);
  CHECK(first.width == 20);
  CHECK(first.at(0, 0, 0) == 4);
  CHECK(first.at(19, 19, 1) == 25);
  auto const halved = crops.load(1);  // areas of 2 x 2: columns -10 to 29, of which those below 0 are 0
  CHECK(halved.at(0, 4, 0) == 0);
  CHECK(halved.at(0, 19, 0) == 29);  // the mean of 28 and 29, rounded
  data::CroppedPictures const missing(scratch.path().string(), list, 1);
  CHECK(message_of<Error>([&] { missing.load(0); }).find("b.png") != std::string::npos);
  CHECK(message_of<Error>([&] { data::CroppedPictures(scratch.path().string(), list, 2); }).find("no crop of split 2") !=
        std::string::npos);
}

TEST_CASE("what is wrong in a list of crops is said with its line") {
  ScratchFolder scratch;
  auto const list = (scratch / "crops.txt").string();
  auto const message = [&](char const* text) {
    spit(list, text);
    return message_of<Error>([&] { data::read_crops(list); });
  };
  CHECK(message("").find("found no crop") != std::string::npos);
  CHECK(message("a 0 1 2 3\n").find("line 1: found 5 fields; expected 6") != std::string::npos);
  CHECK(message("a 0 1 2 3 4\na 3 1 2 3 4\n").find("line 2, field 2: found 3; expected 0 (train)") != std::string::npos);
  CHECK(message("a 0 1 2 0 4\n").find("found a crop of 0 x 4 pixels") != std::string::npos);
  CHECK(message("a 0 1 2 3 99999999999\n").find("field 6: found \"99999999999\"; expected a whole number") != std::string::npos);
}
