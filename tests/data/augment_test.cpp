#include <berl/data/augment.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using namespace berl;
using data::Augment;

namespace {
io::Image pattern(int width = 112, int height = 112) {
  auto picture = io::blank(width, height, 3);
  for (int v = 0; v < height; ++v)
    for (int u = 0; u < width; ++u)
      for (int c = 0; c < 3; ++c) picture.at(v, u, c) = static_cast<std::uint8_t>(1 + (2 * u + 3 * v + 20 * c) % 255);
  return picture;
}
io::Image varied(Augment const& what, std::uint64_t step, std::uint64_t sample, Seed seed = {1}) {
  auto picture = pattern();
  data::augment(picture, what, seed, step, sample);
  return picture;
}
}  // namespace

TEST_CASE("augment: mirrored left to right") {
  for (int const width : {4, 5}) {
    auto const before = pattern(width, 3);
    auto after = before;
    data::flip(after);
    for (int v = 0; v < 3; ++v)
      for (int u = 0; u < width; ++u)
        for (int c = 0; c < 3; ++c) CHECK(after.at(v, u, c) == before.at(v, width - 1 - u, c));
    data::flip(after);
    CHECK(after == before);
  }
}

TEST_CASE("augment: half of the pictures are mirrored, as seed, step and sample say") {
  auto const plain = pattern();
  auto mirrored = plain;
  data::flip(mirrored);
  int count = 0;
  for (std::uint64_t step = 0; step < 20; ++step)
    for (std::uint64_t sample = 0; sample < 20; ++sample) {
      auto const picture = varied({}, step, sample);
      bool const is_mirrored = picture == mirrored;
      CHECK((is_mirrored || picture == plain));
      CHECK(picture == varied({}, step, sample));
      count += is_mirrored;
    }
  CHECK(std::abs(count - 200) < 5 * 10);  // binomial, 400 draws: standard deviation 10
  CHECK(varied(Augment::none(), 3, 4) == plain);
  CHECK(varied({.flip = 1}, 3, 4) == mirrored);

  int same = 0;  // another seed decides anew
  for (std::uint64_t sample = 0; sample < 400; ++sample) same += varied({}, 0, sample, {1}) == varied({}, 0, sample, {2});
  CHECK(std::abs(same - 200) < 5 * 10);
}

TEST_CASE("augment: switching one variation on leaves the others as they were") {
  auto const plain = pattern();
  auto mirrored = plain;
  data::flip(mirrored);
  for (std::uint64_t sample = 0; sample < 50; ++sample) {
    bool const flips = varied({}, 0, sample) == mirrored;
    auto expected = flips ? mirrored : plain;
    data::augment(expected, {.flip = 0, .crop = 1}, Seed{1}, 0, sample);
    CHECK(varied({.flip = 0.5, .crop = 1}, 0, sample) == expected);
  }
}

TEST_CASE("augment: the crop keeps a box and blackens the rest") {
  auto const plain = pattern();
  double least = 1, most = 0;
  for (std::uint64_t sample = 0; sample < 200; ++sample) {
    auto picture = plain;
    Random random(Seed{1}, 0, sample);
    data::crop(picture, random);
    int left = 112, right = -1, top = 112, bottom = -1, kept = 0;
    for (int v = 0; v < 112; ++v)
      for (int u = 0; u < 112; ++u) {
        if (picture.at(v, u, 0) == 0) continue;  // the pattern has no 0
        CHECK(picture.at(v, u, 2) == plain.at(v, u, 2));
        left = std::min(left, u), right = std::max(right, u), top = std::min(top, v), bottom = std::max(bottom, v), ++kept;
      }
    int const width = right - left + 1, height = bottom - top + 1;
    CHECK(kept == width * height);
    double const area = kept / (112.0 * 112), aspect = double(width) / height;
    // Sides are rounded to pixels: half a pixel of the shortest side, 112 sqrt(0.2 * 3/4) = 43, is 1.2 %.
    CHECK(area > 0.2 * 0.97);
    CHECK(aspect > 0.75 * 0.97);
    CHECK(aspect < 4.0 / 3 * 1.03);
    least = std::min(least, area), most = std::max(most, area);
  }
  CHECK(least < 0.25);
  CHECK(most > 0.85);  // near 1 only squares fit
}

TEST_CASE("augment: low resolution keeps the size and loses detail") {
  auto checks = io::blank(112, 112, 3);
  for (int v = 0; v < 112; ++v)
    for (int u = 0; u < 112; ++u)
      for (int c = 0; c < 3; ++c) checks.at(v, u, c) = (u + v) % 2 ? 255 : 0;
  std::set<std::vector<std::uint8_t>> different;
  for (std::uint64_t sample = 0; sample < 40; ++sample) {
    auto picture = checks;
    Random random(Seed{1}, 0, sample);
    data::low_resolution(picture, random);
    CHECK(picture.width == 112);
    CHECK(picture.height == 112);
    CHECK(picture.pixels.size() == checks.pixels.size());
    CHECK(picture != checks);
    different.insert(picture.pixels);
  }
  CHECK(different.size() > 35);  // 40 draws of a size from 90 and of filters from 25
}

TEST_CASE("augment: brightness, contrast and saturation as in PIL") {
  auto picture = io::blank(2, 1, 3);
  picture.pixels = {200, 100, 50, 10, 20, 30};
  auto bright = picture;
  data::brightness(bright, 1.5);
  CHECK(bright.pixels == std::vector<std::uint8_t>{255, 150, 75, 15, 30, 45});
  // Grey by ITU-R 601: 0.299 r + 0.587 g + 0.114 b = 124.2 and 18.15, rounded 124 and 18; their mean is 71.
  auto flat = picture;
  data::saturation(flat, 0.5);
  CHECK(flat.pixels == std::vector<std::uint8_t>{162, 112, 87, 14, 19, 24});
  auto dull = picture;
  data::contrast(dull, 0.5);
  CHECK(dull.pixels == std::vector<std::uint8_t>{135, 85, 60, 40, 45, 50});
  for (auto const change : {data::brightness, data::contrast, data::saturation}) {
    auto same = picture;
    change(same, 1.0);
    CHECK(same == picture);
  }
  std::set<std::vector<std::uint8_t>> different;
  for (std::uint64_t sample = 0; sample < 40; ++sample) {
    auto random_one = picture;
    Random random(Seed{1}, 0, sample);
    data::photometric(random_one, random);
    different.insert(random_one.pixels);
  }
  CHECK(different.size() > 35);
}
