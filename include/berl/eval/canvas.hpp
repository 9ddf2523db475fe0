#pragma once
#include <berl/io/contact_sheet.hpp>  // write_text

#include <algorithm>  // clamp, max, min
#include <array>
#include <cmath>  // hypot, floor
#include <cstdint>
#include <cstdio>  // snprintf
#include <span>
#include <string>
#include <string_view>

/// Two things to draw a plot on: text for a browser, and pixels. Both have lines, discs and words; x runs right and y down.
namespace berl::eval {
using Colour = std::array<std::uint8_t, 3>;
struct Point {
  double x, y;
};
enum class Anchor { start, middle, end };

/// Scalable vector graphics, whose labels stay text.
class SvgCanvas {
 public:
  SvgCanvas(int width, int height) {
    auto const w = std::to_string(width), h = std::to_string(height);
    text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " + h +
            "\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  }
  void line(std::span<Point const> points, Colour colour, double width) {
    text_ +=
        "<polyline fill=\"none\" stroke-linejoin=\"round\" stroke=\"" + hex(colour) + "\" stroke-width=\"" + number(width) + "\" points=\"";
    for (Point const& p : points) text_ += number(p.x) + "," + number(p.y) + " ";
    text_ += "\"/>\n";
  }
  void disc(Point p, double radius, Colour colour) {
    text_ += "<circle cx=\"" + number(p.x) + "\" cy=\"" + number(p.y) + "\" r=\"" + number(radius) + "\" fill=\"" + hex(colour) + "\"/>\n";
  }
  /// `p` is on the base line of the letters.
  void write(Point p, std::string_view words, Anchor anchor = Anchor::start) {
    constexpr char const* names[] = {"start", "middle", "end"};
    text_ += "<text x=\"" + number(p.x) + "\" y=\"" + number(p.y) + "\" text-anchor=\"" + names[static_cast<int>(anchor)] + "\">";
    for (char const c : words) text_ += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    text_ += "</text>\n";
  }
  std::string finish() const { return text_ + "</svg>\n"; }

 private:
  static std::string number(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", v);
    return text;
  }
  static std::string hex(Colour c) {
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", c[0], c[1], c[2]);
    return text;
  }
  std::string text_;
};

/// A picture, two pixels for each unit; edges are mixed with what lies below by how much of a pixel they cover.
class PixelCanvas {
 public:
  PixelCanvas(int width, int height) : image_(io::blank(scale * width, scale * height, 3)) {
    std::fill(image_.pixels.begin(), image_.pixels.end(), std::uint8_t{255});
  }
  void line(std::span<Point const> points, Colour colour, double width) {
    for (std::size_t k = 1; k < points.size(); ++k) {
      Point const a = points[k - 1], b = points[k];
      double const dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
      cover({std::min(a.x, b.x), std::min(a.y, b.y)}, {std::max(a.x, b.x), std::max(a.y, b.y)}, width / 2, colour, [=](Point p) {
        double const t = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0;
        return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
      });
    }
  }
  void disc(Point c, double radius, Colour colour) {
    cover(c, c, radius, colour, [=](Point p) { return std::hypot(p.x - c.x, p.y - c.y); });
  }
  void write(Point p, std::string_view words, Anchor anchor = Anchor::start) {
    int const wide = static_cast<int>(words.size()) * io::detail::letter_width * scale;
    int const left = anchor == Anchor::start ? 0 : anchor == Anchor::middle ? wide / 2 : wide;
    io::detail::write_text(image_, static_cast<int>(scale * p.y) - 7 * scale, static_cast<int>(scale * p.x) - left, words, scale);
  }
  io::Image finish() const { return image_; }

 private:
  static constexpr int scale = 2;
  /// Colours what is within `radius` of something inside of a box.
  template <class Distance>
  void cover(Point low, Point high, double radius, Colour colour, Distance const& distance) {
    auto const pixel = [](double v, int most) { return static_cast<int>(std::clamp(std::floor(v * scale), 0.0, most - 1.0)); };
    for (int y = pixel(low.y - radius - 1, image_.height); y <= pixel(high.y + radius + 1, image_.height); ++y)
      for (int x = pixel(low.x - radius - 1, image_.width); x <= pixel(high.x + radius + 1, image_.width); ++x) {
        double const away = distance(Point{(x + 0.5) / scale, (y + 0.5) / scale});
        double const part = std::clamp((radius - away) * scale + 0.5, 0.0, 1.0);
        for (int c = 0; c < 3; ++c) {
          double const old = image_.at(y, x, c);
          image_.at(y, x, c) = static_cast<std::uint8_t>(std::lround(old + part * (colour[static_cast<std::size_t>(c)] - old)));
        }
      }
  }
  io::Image image_;
};
}  // namespace berl::eval
