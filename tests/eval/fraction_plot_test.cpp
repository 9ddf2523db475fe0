#include <berl/eval/fraction_plot.hpp>

#include <doctest/doctest.h>

using namespace berl::eval;

namespace {
bool has(std::string const& text, std::string const& piece) { return text.find(piece) != std::string::npos; }
}  // namespace

TEST_CASE("fraction plot: parts on a logarithmic axis, accuracies on steps of five percent, deviations as bars") {
  std::vector<FractionCurve> const curves{{"scratch", {{0.01, 0.72}, {0.1, 0.75}, {1, 0.8}}}, {"3D & FR", {{0.01, 0.78, 0.01}, {1, 0.84}}}};
  auto const svg = fraction_svg(curves, "attributes");
  for (auto const* const label : {">1%<", ">10%<", ">100%<", ">70<", ">75<", ">85<", ">attributes<", ">scratch<", ">3D &amp; FR<"})
    CHECK_MESSAGE(has(svg, label), label);
  CHECK_FALSE(has(svg, ">65<"));
  CHECK_FALSE(has(svg, ">90<"));
  // x = 76 + 400 (log10 f + 2) / 2; y = 428 - 388 (accuracy - 0.7) / 0.15
  CHECK(has(svg, "points=\"76.00,376.27 276.00,298.67 476.00,169.33 \""));
  CHECK(has(svg, "points=\"76.00,246.93 76.00,195.20 \""));  // from 0.77 to 0.79

  auto const picture = fraction_picture(curves, "attributes");
  CHECK(picture.width == 1280);
  CHECK(picture.height == 960);
  CHECK(picture.at(2 * 169, 2 * 476, 0) < 140);  // a disc, grey
}

TEST_CASE("fraction plot: one point, or none, is drawn as well") {
  std::vector<FractionCurve> const one{{"a", {{0.5, 0.9}}}};
  CHECK(has(fraction_svg(one, ""), "<circle"));
  CHECK(has(fraction_svg({}, "nothing"), ">nothing<"));
}
