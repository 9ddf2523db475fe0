#include <berl/io/resize.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <io/gradient.hpp>

using namespace berl::io;
using berl::test::gradient;

TEST_CASE("resize: constants stay, means are means, a ramp stays a ramp") {
  Image flat = blank(29, 31, 3);
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{77});
  for (auto [width, height] : {std::pair{64, 64}, {7, 5}, {1, 1}, {112, 3}}) {
    for (Image const& small : {resize_area(flat, width, height), resize_bilinear(flat, width, height)}) {
      CHECK(small.width == width);
      CHECK(small.height == height);
      CHECK(std::count(small.pixels.begin(), small.pixels.end(), 77) == width * height * 3);
    }
  }
  CHECK(resize_area(Image{4, 2, 1, {10, 20, 1, 3, 30, 40, 5, 7}}, 2, 1).pixels == std::vector<std::uint8_t>{25, 4});
  CHECK(resize_area(Image{3, 1, 1, {30, 60, 90}}, 2, 1).pixels == std::vector<std::uint8_t>{40, 80});  // (30 + 60 / 2) / 1.5
  // Triangle of half width 2 about 1 (in pixel edges): weights 3/8, 3/8, 1/8 and, cut off at the left, renormalised by 7/8.
  CHECK(resize_bilinear(Image{4, 1, 1, {70, 0, 0, 0}}, 2, 1).pixels == std::vector<std::uint8_t>{30, 0});
  CHECK(resize_bilinear(Image{4, 1, 1, {0, 0, 70, 0}}, 2, 1).pixels == std::vector<std::uint8_t>{10, 30});
  CHECK(resize_bilinear(Image{2, 1, 1, {0, 100}}, 4, 1).pixels == std::vector<std::uint8_t>{0, 25, 75, 100});  // enlarged: plain bilinear
  Image const same = gradient(20, 10, 3);
  CHECK(resize_area(same, 20, 10) == same);
  CHECK(resize_bilinear(same, 20, 10) == same);
  Image ramp = blank(112, 112, 1);
  for (int r = 0; r < 112; ++r) {
    for (int c = 0; c < 112; ++c) ramp.at(r, c, 0) = static_cast<std::uint8_t>(c + r);
  }
  for (Image const& small : {resize_area(ramp, 64, 64), resize_bilinear(ramp, 64, 64)}) {
    for (int i = 2; i < 62;
         ++i) {  // the value at the output pixel's centre, to one rounding (and, off a symmetric kernel's grid, some tenths)
      CHECK(std::abs(small.at(i, i, 0) - (2 * ((i + 0.5) * 1.75 - 0.5))) <= 1.0);
    }
  }
}

TEST_CASE("resize: sizes that are none are refused") {
  Image const image = blank(4, 4, 1);
  CHECK_THROWS_AS((void)resize_area(image, 0, 4), berl::Error);
  CHECK_THROWS_AS((void)resize_bilinear(image, 4, -1), berl::Error);
}
