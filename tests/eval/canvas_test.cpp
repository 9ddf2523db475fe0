#include <berl/eval/canvas.hpp>

#include <doctest/doctest.h>

#include <numbers>  // pi

using namespace berl::eval;

namespace {
constexpr Colour red{255, 0, 0};
/// Of a pixel's way from white to red.
double part(berl::io::Image const& image, int row, int column) { return (255 - image.at(row, column, 1)) / 255.0; }
double covered(berl::io::Image const& image) {
  double sum = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) sum += part(image, y, x);
  return sum;
}
}  // namespace

TEST_CASE("pixels are covered by as much as lies in them") {
  PixelCanvas line(40, 20);
  Point const ends[] = {{10, 10}, {30, 10}};
  line.line(ends, red, 3);  // 6 pixels wide: rows 17 to 22, columns 20 to 59 and a half circle at each end
  auto const image = line.finish();
  CHECK(image.width == 80);
  CHECK(part(image, 19, 40) == 1);
  CHECK(part(image, 17, 40) == 1);
  CHECK(part(image, 16, 40) == 0);
  CHECK(part(image, 23, 40) == 0);
  CHECK(std::abs(covered(image) - (40 * 6 + std::numbers::pi * 9)) < 4);  // the rim of 19 pixels is a tenth off in each

  PixelCanvas disc(20, 20);
  disc.disc({10, 10}, 6, red);
  CHECK(std::abs(covered(disc.finish()) - std::numbers::pi * 144) < 4);
  CHECK(disc.finish().at(20, 20, 0) == 255);

  PixelCanvas outside(10, 10);
  Point const far[] = {{-50, 5}, {70, 5}};
  outside.line(far, red, 1);
  outside.disc({-9, -9}, 2, red);
  outside.write({-3, 2}, "cut");  // what is outside is left out
  CHECK(part(outside.finish(), 10, 0) == 1);
}

TEST_CASE("words begin, end or are centred at a point, on their base line") {
  for (auto const anchor : {Anchor::start, Anchor::middle, Anchor::end}) {
    PixelCanvas canvas(40, 20);
    canvas.write({20, 10}, "11", anchor);
    auto const image = canvas.finish();
    int first = 80, last = 0, low = 0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 80; ++x)
        if (image.at(y, x, 0) == 0) first = std::min(first, x), last = std::max(last, x), low = std::max(low, y);
    CHECK(low == 19);  // the last row above y = 10
    int const left = anchor == Anchor::start ? 40 : anchor == Anchor::middle ? 28 : 16;
    CHECK(first >= left);
    CHECK(last < left + 24);
  }
}

TEST_CASE("SVG has one element for each thing, and letters that mean something there are written out") {
  SvgCanvas canvas(100, 50);
  Point const ends[] = {{1, 2}, {3.456, 4}};
  canvas.line(ends, red, 2);
  canvas.disc({5, 6}, 1.5, {0, 16, 255});
  canvas.write({7, 8}, "a < b & c > d", Anchor::end);
  CHECK(canvas.finish() ==
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50\" viewBox=\"0 0 100 50\" font-family=\"sans-serif\" "
        "font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        "<polyline fill=\"none\" stroke-linejoin=\"round\" stroke=\"#ff0000\" stroke-width=\"2.00\" points=\"1.00,2.00 3.46,4.00 \"/>\n"
        "<circle cx=\"5.00\" cy=\"6.00\" r=\"1.50\" fill=\"#0010ff\"/>\n"
        "<text x=\"7.00\" y=\"8.00\" text-anchor=\"end\">a &lt; b &amp; c &gt; d</text>\n</svg>\n");
}
