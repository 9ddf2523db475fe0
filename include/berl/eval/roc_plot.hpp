#pragma once
#include <berl/eval/canvas.hpp>  // SvgCanvas, PixelCanvas
#include <berl/eval/roc.hpp>     // RocPoint

#include <cmath>  // log10, floor
#include <vector>

namespace berl::eval {
/// A curve of roc() or of other points of rising FAR; or marks, such as figures of a paper.
struct RocCurve {
  std::string name;
  std::vector<RocPoint> points;
  bool marks = false;
};

namespace detail {
inline constexpr int plot_width = 640, plot_height = 480;
inline constexpr Colour palette[] = {{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}, {86, 180, 233}};

/// TAR over FAR, whose axis is logarithmic, from the power of ten below the least FAR of all curves that is not 0 (1e-1 to 1e-8). A curve
/// is drawn in steps: the TAR that is reached without a larger FAR.
template <class Canvas>
Canvas draw_roc(std::span<RocCurve const> curves, std::string_view title) {
  constexpr double left = 62, right = plot_width - 22, top = 40, bottom = plot_height - 52;
  constexpr Colour black{0, 0, 0}, grey{221, 221, 221};
  double least = 0.1;
  for (RocCurve const& c : curves)
    for (RocPoint const& p : c.points)
      if (p.far > 0) least = std::min(least, p.far);
  int const decades = std::clamp(static_cast<int>(std::ceil(-std::log10(least) - 1e-9)), 1, 8);
  double const origin = std::pow(10.0, -decades);
  double lowest = 1;  // of the TAR, where the axis begins
  for (RocCurve const& c : curves) {
    double first = c.points.empty() ? 1 : c.points.front().tar;
    for (RocPoint const& p : c.points)
      if (p.far <= origin) first = p.tar;
    lowest = std::min(lowest, first);
  }
  lowest = std::min(0.9, std::floor(10 * lowest + 1e-9) / 10);
  auto const x = [&](double far) { return left + (right - left) * (1 + std::log10(std::max(far, origin)) / decades); };
  auto const y = [&](double tar) { return bottom - (bottom - top) * (std::max(tar, lowest) - lowest) / (1 - lowest); };

  Canvas canvas(plot_width, plot_height);
  auto const segment = [&](Point a, Point b, Colour colour, double width) {
    Point const ends[] = {a, b};
    canvas.line(ends, colour, width);
  };
  for (int k = 0; k <= decades; ++k) {
    double const at = x(std::pow(10.0, k - decades));
    segment({at, top}, {at, bottom}, grey, 1);
    canvas.write({at, bottom + 18}, k == decades ? "1" : "1e-" + std::to_string(decades - k), Anchor::middle);
  }
  int const tenths = static_cast<int>(std::lround(10 * (1 - lowest))), per = tenths > 2 ? 1 : 5;  // lines of the grid in a tenth
  for (int k = 0; k <= tenths * per; ++k) {
    double const tar = lowest + 0.1 * k / per;
    segment({left, y(tar)}, {right, y(tar)}, grey, 1);
    char label[16];
    std::snprintf(label, sizeof label, per > 1 ? "%.2f" : "%.1f", tar);
    canvas.write({left - 8, y(tar) + 4}, label, Anchor::end);
  }
  segment({left, top}, {left, bottom}, black, 1.5);
  segment({left, bottom}, {right, bottom}, black, 1.5);
  canvas.write({(left + right) / 2, top - 16}, title, Anchor::middle);
  canvas.write({(left + right) / 2, bottom + 40}, "false accept rate", Anchor::middle);
  canvas.write({8, top - 16}, "true accept rate");

  for (std::size_t k = 0; k < curves.size(); ++k) {
    RocCurve const& c = curves[k];
    Colour const colour = palette[k % std::size(palette)];
    std::vector<Point> line;
    for (RocPoint const& p : c.points) {
      if (c.marks) {
        canvas.disc({x(p.far), y(p.tar)}, 4.5, colour);
        continue;
      }
      Point const to{x(p.far), y(p.tar)};
      if (!line.empty() && p.far <= origin)
        line.back() = to;
      else if (line.empty() || std::abs(to.x - line.back().x) >= 0.5 || std::abs(to.y - line.back().y) >= 0.5 || &p == &c.points.back()) {
        if (!line.empty()) line.push_back({to.x, line.back().y});
        line.push_back(to);
      }
    }
    if (!line.empty()) canvas.line(line, colour, 2);
    double const at = bottom - 16 - 20 * static_cast<double>(curves.size() - 1 - k);
    if (c.marks)
      canvas.disc({right - 12, at}, 4.5, colour);
    else
      segment({right - 24, at}, {right - 2, at}, colour, 2.5);
    canvas.write({right - 32, at + 4}, c.name, Anchor::end);
  }
  return canvas;
}
}  // namespace detail

/// The plot as text for a browser.
inline std::string roc_svg(std::span<RocCurve const> curves, std::string_view title) {
  return detail::draw_roc<SvgCanvas>(curves, title).finish();
}
/// The same as a picture of twice as many pixels.
inline io::Image roc_picture(std::span<RocCurve const> curves, std::string_view title) {
  return detail::draw_roc<PixelCanvas>(curves, title).finish();
}
}  // namespace berl::eval
