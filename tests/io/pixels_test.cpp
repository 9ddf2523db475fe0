#include <berl/io/pixels.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <io/gradient.hpp>
#include <io/scratch_folder.hpp>
#include <limits>

using namespace berl::io;
using berl::test::gradient;

TEST_CASE("pixels: rows from the top, channels side by side") {
  Image image = blank(3, 2, 3);
  CHECK(image.pixels == std::vector<std::uint8_t>(18));
  image.at(1, 2, 0) = 7;
  CHECK(image.pixels[15] == 7);  // (1 * 3 + 2) * 3
}

TEST_CASE("pixels: grey becomes three equal channels") {
  Image const grey = gradient(5, 4, 1), rgb = to_rgb(grey);
  CHECK(rgb.channels == 3);
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 5; ++c) {
      for (int k = 0; k < 3; ++k) CHECK(rgb.at(r, c, k) == grey.at(r, c, 0));
    }
  }
  CHECK(to_rgb(rgb) == rgb);
}

TEST_CASE("pixels: bytes to [-1, 1] and back") {
  Image image = blank(16, 16, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i % 256);
  std::vector<float> x(3 * 256);
  to_network(image, x.data());
  CHECK(x[0] == -1.0f);
  CHECK(x[0 * 256 + 1] == (3 - 127.5f) / 127.5f);  // red of the second pixel is byte 3
  CHECK(x[2 * 256 + 0] == (2 - 127.5f) / 127.5f);  // blue of the first is byte 2
  CHECK(*std::max_element(x.begin(), x.end()) == 1.0f);
  CHECK(to_bytes(x.data(), 16, 16) == image);
  std::vector<double> grey(3 * 4);
  to_network(Image{2, 2, 1, {0, 255, 51, 204}}, grey.data());
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(grey[4 * c] == -1.0);
    CHECK(grey[4 * c + 1] == 1.0);
    CHECK(grey[4 * c + 2] == doctest::Approx(-0.6).epsilon(1e-15));  // one rounding
  }
  double const outside[] = {-7.0, 7.0, 0.0, std::numeric_limits<double>::quiet_NaN()};
  CHECK(to_bytes(outside, 2, 2, 1).pixels == std::vector<std::uint8_t>{0, 255, 128, 0});
}

TEST_CASE("pixels: a byte is the nearest one") {
  for (int byte = 0; byte < 256; ++byte) {
    double const x = (byte - 127.5) / 127.5;
    CHECK(to_byte(x) == byte);
    CHECK(to_byte(x + 0.49 / 127.5) == byte);
    CHECK(to_byte(x - 0.49 / 127.5) == byte);
  }
}

TEST_CASE("pixels: sizes from 1 to 64 million") {
  CHECK_NOTHROW(detail::check_size("x", 8000, 8000));
  using Size = std::pair<std::uint64_t, std::uint64_t>;
  for (Size const& size : {Size{0, 5}, Size{5, 0}, Size{8001, 8000}, Size{1ull << 63, 2}, Size{2, 1ull << 63}})
    CHECK(berl::test::message_of<berl::Error>([&] {
            detail::check_size("face.png", size.first, size.second);
          }).starts_with("face.png: found"));
}
