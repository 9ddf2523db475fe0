#pragma once
#include <berl/eval/canvas.hpp>  // SvgCanvas, PixelCanvas

#include <algorithm>  // sort, unique, min, max
#include <cmath>      // log, floor, ceil
#include <string>
#include <string_view>
#include <vector>

namespace berl::eval {
/// Accuracy over the part of the labels that was used, and how far several seeds lie apart.
struct FractionCurve {
  struct At {
    double fraction, accuracy, deviation = 0;  ///< all of 1
  };
  std::string name;
  std::vector<At> points;  ///< of rising fraction
};

namespace detail {
/// The part's axis is logarithmic, from the least to the greatest of all curves; that of the accuracy spans whole steps of 5 %.
template <class Canvas>
Canvas draw_fractions(std::span<FractionCurve const> curves, std::string_view title) {
  constexpr double width = 640, height = 480, left = 62, right = width - 150, top = 40, bottom = height - 52;
  constexpr Colour black{0, 0, 0}, grey{221, 221, 221};
  constexpr Colour colours[] = {{120, 120, 120}, {0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}};
  std::vector<double> ticks;
  double low = 1, high = 0;
  for (auto const& c : curves)
    for (auto const& p : c.points) {
      ticks.push_back(p.fraction);
      low = std::min(low, p.accuracy - p.deviation), high = std::max(high, p.accuracy + p.deviation);
    }
  std::sort(ticks.begin(), ticks.end());
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  int const first = static_cast<int>(std::floor(20 * low + 1e-9)),
            last = std::max(first + 1, static_cast<int>(std::ceil(20 * high - 1e-9)));
  double const span = ticks.size() > 1 ? std::log(ticks.back() / ticks.front()) : 1;
  auto const x = [&](double f) { return left + 14 + (right - left - 28) * std::log(f / (ticks.empty() ? 1 : ticks.front())) / span; };
  auto const y = [&](double a) { return bottom - (bottom - top) * (20 * a - first) / (last - first); };

  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  auto const segment = [&](Point a, Point b, Colour colour, double thick) {
    Point const ends[] = {a, b};
    canvas.line(ends, colour, thick);
  };
  for (double const f : ticks) {
    segment({x(f), top}, {x(f), bottom}, grey, 1);
    char label[16];
    std::snprintf(label, sizeof label, "%.4g%%", 100 * f);
    canvas.write({x(f), bottom + 18}, label, Anchor::middle);
  }
  for (int k = first; k <= last; ++k) {
    segment({left, y(k / 20.0)}, {right, y(k / 20.0)}, grey, 1);
    canvas.write({left - 8, y(k / 20.0) + 4}, std::to_string(5 * k), Anchor::end);
  }
  segment({left, top}, {left, bottom}, black, 1.5);
  segment({left, bottom}, {right, bottom}, black, 1.5);
  canvas.write({(left + right) / 2, top - 16}, title, Anchor::middle);
  canvas.write({(left + right) / 2, bottom + 40}, "part of the labels", Anchor::middle);
  canvas.write({8, top - 16}, "accuracy %");
  for (std::size_t k = 0; k < curves.size(); ++k) {
    Colour const colour = colours[k % std::size(colours)];
    std::vector<Point> line;
    for (auto const& p : curves[k].points) {
      line.push_back({x(p.fraction), y(p.accuracy)});
      if (p.deviation > 0) segment({x(p.fraction), y(p.accuracy - p.deviation)}, {x(p.fraction), y(p.accuracy + p.deviation)}, colour, 1.5);
      canvas.disc(line.back(), 4, colour);
    }
    if (line.size() > 1) canvas.line(line, colour, 2);
    double const at = top + 14 + 22 * static_cast<double>(k);
    segment({right + 10, at}, {right + 32, at}, colour, 2.5);
    canvas.write({right + 38, at + 4}, curves[k].name);
  }
  return canvas;
}
}  // namespace detail

/// The plot as text for a browser.
inline std::string fraction_svg(std::span<FractionCurve const> curves, std::string_view title) {
  return detail::draw_fractions<SvgCanvas>(curves, title).finish();
}
/// The same as a picture of twice as many pixels.
inline io::Image fraction_picture(std::span<FractionCurve const> curves, std::string_view title) {
  return detail::draw_fractions<PixelCanvas>(curves, title).finish();
}
}  // namespace berl::eval
