#include <berl/data/filter.hpp>

#include <doctest/doctest.h>

#include <cmath>

using berl::data::Filter;
using berl::data::filtered;
namespace io = berl::io;

namespace {
constexpr Filter all[] = {Filter::nearest, Filter::linear, Filter::area, Filter::cubic, Filter::lanczos4};

io::Image pattern(int width, int height) {
  auto picture = io::blank(width, height, 3);
  for (int v = 0; v < height; ++v)
    for (int u = 0; u < width; ++u)
      for (int c = 0; c < 3; ++c) picture.at(v, u, c) = static_cast<std::uint8_t>((37 * u + 91 * v + 50 * c) % 256);
  return picture;
}
}  // namespace

TEST_CASE("filter: the same size is the identity, a constant stays") {
  auto const picture = pattern(21, 13);
  auto flat = io::blank(21, 13, 3);
  for (auto& p : flat.pixels) p = 201;
  for (Filter const filter : all) {
    CHECK(filtered(picture, 21, 13, filter) == picture);
    for (auto const p : filtered(flat, 7, 29, filter).pixels) REQUIRE(p == 201);
  }
}

TEST_CASE("filter: weights by their published formulas") {
  using berl::data::detail::filter_taps;
  // Doubling: output 1 lies at 1/4 of the way from pixel 0 to pixel 1.
  auto const linear = filter_taps(Filter::linear, 1, 10, 20);
  CHECK(linear.first == 0);
  CHECK(linear.weights[1] == 0.25);
  auto const cubic = filter_taps(Filter::cubic, 3, 10, 20);  // Keys 1981 with a = -3/4, at distances 5/4, 1/4, 3/4, 7/4
  CHECK(cubic.first == 0);
  double const keys[] = {-0.10546875, 0.87890625, 0.26171875, -0.03515625};
  for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(cubic.weights[k] - keys[k]) < 1e-15);
  auto const lanczos = filter_taps(Filter::lanczos4, 9, 10, 20);  // sinc(t) sinc(t / 4) at t = 1/4 - k, normalised
  auto const sinc = [](double t) { return t == 0 ? 1.0 : std::sin(M_PI * t) / (M_PI * t); };
  double sum = 0;
  for (int k = -3; k <= 4; ++k) sum += sinc(0.25 - k) * sinc((0.25 - k) / 4);
  for (int k = -3; k <= 4; ++k)
    CHECK(std::abs(lanczos.weights[static_cast<std::size_t>(k + 3)] - sinc(0.25 - k) * sinc((0.25 - k) / 4) / sum) < 1e-14);
}

TEST_CASE("filter: a third of the size") {
  auto const picture = pattern(30, 30);
  auto const nearest = filtered(picture, 10, 10, Filter::nearest), linear = filtered(picture, 10, 10, Filter::linear),
             area = filtered(picture, 10, 10, Filter::area);
  for (int v = 0; v < 10; ++v)
    for (int u = 0; u < 10; ++u) {
      CHECK(nearest.at(v, u, 1) == picture.at(3 * v, 3 * u, 1));
      CHECK(linear.at(v, u, 1) == picture.at(3 * v + 1, 3 * u + 1, 1));  // the middle one: not widened
      int sum = 0;
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 3; ++x) sum += picture.at(3 * v + y, 3 * u + x, 1);
      CHECK(area.at(v, u, 1) == std::lround(sum / 9.0));
    }
  CHECK(filtered(picture, 60, 60, Filter::area).at(41, 23, 2) == picture.at(20, 11, 2));  // doubled: nearest
}

TEST_CASE("filter: to one pixel and back") {
  for (Filter const filter : all) {
    auto const one = filtered(pattern(5, 9), 1, 1, filter);
    auto const back = filtered(one, 8, 8, filter);
    for (std::size_t i = 0; i < back.pixels.size(); ++i) REQUIRE(back.pixels[i] == one.pixels[i % 3]);
  }
}
