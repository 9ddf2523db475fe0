#include <doctest/doctest.h>
#include <berl/io/contact_sheet.hpp>

#include <set>

using namespace berl;

namespace {
io::Image plain(int width, int height, int channels, std::uint8_t value) {
  auto image = io::blank(width, height, channels);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}
bool dark(io::Image const& image, int row, int column) { return image.at(row, column, 0) == 0; }
}  // namespace

TEST_CASE("pictures stand in rows, enlarged, with white between them") {
  auto corner = plain(8, 6, 3, 100);
  corner.at(5, 7, 1) = 7;
  std::vector<std::vector<io::Image>> const rows{{corner, plain(8, 6, 1, 50)}, {plain(8, 6, 1, 20)}};
  auto const sheet = io::contact_sheet({}, rows, {.scale = 3, .gap = 2});
  CHECK(sheet.width == 2 + 2 * (24 + 2));
  CHECK(sheet.height == 2 + 2 * (18 + 2));
  CHECK(sheet.channels == 3);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x) CHECK(sheet.at(2 + 15 + y, 2 + 21 + x, 1) == 7);  // one pixel, nine of the sheet's
  CHECK(sheet.at(2 + 14, 2 + 21, 1) == 100);
  CHECK(sheet.at(2, 28, 2) == 50);    // grey in all channels
  CHECK(sheet.at(22, 2, 0) == 20);    // the second row
  CHECK(sheet.at(22, 28, 0) == 255);  // which has no second picture
  CHECK(sheet.at(5, 26, 0) == 255);
  CHECK(sheet.at(0, 0, 0) == 255);
}

TEST_CASE("titles are written above the middle of their columns, and cut at its width") {
  std::vector<std::vector<io::Image>> const rows{{plain(64, 10, 1, 128), plain(64, 10, 1, 128)}};
  std::vector<std::string> const titles{"l", std::string(40, 'x')};
  auto const sheet = io::contact_sheet(titles, rows, {.scale = 1, .gap = 4});
  CHECK(sheet.height == 4 + 8 + 4 + 10 + 4);
  // the l: an upright stroke of seven dots in the third of five columns
  int const stroke = 4 + (64 - 6) / 2 + 2;
  for (int y = 0; y < 7; ++y) CHECK(dark(sheet, 4 + y, stroke));
  CHECK_FALSE(dark(sheet, 3, stroke));
  CHECK_FALSE(dark(sheet, 11, stroke));
  CHECK_FALSE(dark(sheet, 7, stroke + 1));
  int letters = 0;
  for (int x = 0; x < sheet.width; ++x)
    if (x >= 4 + 68 && dark(sheet, 4 + 4, x)) ++letters;  // the middle of an x is one dot
  CHECK(letters == 64 / 6);
}

TEST_CASE("large and small letters are alike, and an unknown one is a space") {
  auto const written = [](char const* text) {
    auto image = plain(40, 9, 1, 255);
    io::detail::write_text(image, 1, 1, text, 1);
    return image;
  };
  CHECK(written("Yaw") == written("yaw"));
  CHECK(written("a?b") == written("a b"));
  CHECK(written("far too long for this picture").width == 40);
  std::set<std::vector<std::uint8_t>> shapes;
  for (auto const& glyph : io::detail::font) shapes.insert({glyph.columns, glyph.columns + 5});
  CHECK(shapes.size() == std::size(io::detail::font));  // no two letters look the same
}

TEST_CASE("pictures of two sizes, and none, are mistakes of the program") {
  std::vector<std::vector<io::Image>> const two{{plain(8, 8, 1, 0), plain(9, 8, 1, 0)}}, none{{}};
  CHECK_THROWS_AS(io::contact_sheet({}, two), std::logic_error);
  CHECK_THROWS_AS(io::contact_sheet({}, none), std::logic_error);
}
