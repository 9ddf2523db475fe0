#include <berl/eval/roc_plot.hpp>

#include <doctest/doctest.h>

using namespace berl::eval;

namespace {
bool has(std::string const& text, std::string const& piece) { return text.find(piece) != std::string::npos; }
int count(std::string const& text, std::string const& piece) {
  int n = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++n;
  return n;
}
}  // namespace

TEST_CASE("the axes have what the curves need") {
  // 250 impostors: the least FAR is 0.004, so the axis begins at 1e-3; the TAR there is 0.55, so that axis begins at 0.5
  std::vector<RocCurve> const curves{{"model", {{0, 0}, {0, 0.55}, {0.004, 0.8}, {1, 1}}}, {"paper & others", {{0.01, 0.9}}, true}};
  auto const svg = roc_svg(curves, "pairs");
  for (auto const* const label : {">1e-3<", ">1e-2<", ">1e-1<", ">1<", ">0.5<", ">1.0<", ">pairs<", ">model<", ">paper &amp; others<"})
    CHECK_MESSAGE(has(svg, label), label);
  CHECK_FALSE(has(svg, ">1e-4<"));
  CHECK_FALSE(has(svg, ">0.4<"));
  CHECK(count(svg, "<circle") == 2);  // the mark, and the one of the legend
}

TEST_CASE("a curve is drawn in steps, from the left edge of the axes to the right") {
  // one decade, and the TAR from 0.2: x = 62 + 556 (1 + log10 FAR), y = 428 - 485 (TAR - 0.2)
  std::vector<RocCurve> const one{{"", {{0, 0}, {0, 0.05}, {0.1, 0.25}, {std::pow(10, -0.5), 0.5}, {1, 1}}}};
  auto const svg = roc_svg(one, "");
  CHECK(has(svg, "points=\"62.00,403.75 340.00,403.75 340.00,282.50 618.00,282.50 618.00,40.00 \""));

  auto const picture = roc_picture(one, "");
  CHECK(picture.width == 1280);
  CHECK(picture.height == 960);
  auto const is_blue = [&](double x, double y) {
    auto const r = static_cast<int>(2 * y), c = static_cast<int>(2 * x);
    return picture.at(r, c, 0) < 30 && picture.at(r, c, 2) > 150;
  };
  CHECK(is_blue(200, 403.75));
  CHECK(is_blue(340, 350));
  CHECK(is_blue(500, 282.5));
  CHECK_FALSE(is_blue(500, 403.75));
}

TEST_CASE("a curve of a million points is as long as the plot is wide") {
  std::vector<RocPoint> points{{0, 0}};
  for (int k = 1; k <= 1'000'000; ++k) points.push_back({k * 1e-6, std::pow(k * 1e-6, 0.1)});
  std::vector<RocCurve> const curves{{"long", points}};
  CHECK(roc_svg(curves, "").size() < 60'000);
}

TEST_CASE("nothing, and curves without points, are axes") {
  CHECK(has(roc_svg({}, "none"), ">1e-1<"));
  std::vector<RocCurve> const empty{{"empty", {}}};
  CHECK(has(roc_svg(empty, ""), ">0.90<"));
}
