#include <doctest/doctest.h>

#include <algorithm>
#include <berl/io/image.hpp>
#include <berl/io/safetensors.hpp>
#include <cstdlib>  // abs, getenv
#include <golden.hpp>
#include <io/gradient.hpp>
#include <io/scratch_folder.hpp>

using namespace berl::io;
using berl::test::gradient, berl::test::message_of, berl::test::ScratchFolder, berl::test::slurp, berl::test::spit;

namespace {
bool has(std::string const& text, std::string const& piece) { return text.find(piece) != std::string::npos; }

std::string bytes_of(std::vector<std::uint8_t> const& v) { return {v.begin(), v.end()}; }
int largest_difference(Image const& a, Image const& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  int worst = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}
/// A PNG that says it has that size; the size is looked at before the checksum is.
std::string png_header(std::uint32_t width, std::uint32_t height) {
  std::string bytes = bytes_of(encode_png(blank(1, 1, 3)));
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[16 + i] = static_cast<char>(width >> (24 - 8 * i));
    bytes[20 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return bytes;
}
std::string read_error(std::filesystem::path const& path, int minimum = 1) {
  std::string const text = message_of<berl::Error>([&] { (void)read_image(path, minimum); });
  CHECK(text.find(path.string()) == 0);
  return text;
}
}  // namespace

TEST_CASE("image: PNG keeps every byte, JPEG nearly, grey and colour, odd sizes, any name") {
  ScratchFolder const dir;
  for (int channels : {1, 3}) {
    for (auto [width, height] : {std::pair{112, 112}, {1, 1}, {7, 3}, {17, 64}}) {
      Image const image = gradient(width, height, channels);
      write_png(dir / "a.jpg", image);  // the content decides
      CHECK(read_image(dir / "a.jpg") == image);
      write_jpeg(dir / "a.png", image, 95);
      Image const back = read_image(dir / "a.png");
      CHECK(back.width == width);
      CHECK(back.channels == channels);
      CHECK(largest_difference(image, back) <= 12);  // quantisation steps of 1 to 10 at quality 95, where the ramp starts anew more
    }
  }
  Image const flat = [] {
    Image i = blank(16, 16, 3);
    std::fill(i.pixels.begin(), i.pixels.end(), std::uint8_t{200});
    return i;
  }();
  CHECK(decode_image(encode_jpeg(flat, 75), "flat") == flat);  // a constant grey lies on the coarsest grid's zero coefficients
}

TEST_CASE("image: text, nothing, a folder, a missing file, too small, too large") {
  ScratchFolder const dir;
  spit(dir / "text.jpg", "this is no picture");
  CHECK(has(read_error(dir / "text.jpg"), "begins with the bytes 74 68 69 73 20 69 73 20; expected a PNG or JPEG"));
  spit(dir / "empty.png", "");
  CHECK(has(read_error(dir / "empty.png"), "an empty file"));
  CHECK(has(read_error(dir / "missing.png"), "no readable file"));
  CHECK(has(read_error(dir.path()), "no readable file"));
  write_png(dir / "one.png", gradient(1, 1, 3));
  CHECK(read_image(dir / "one.png").width == 1);
  CHECK(has(read_error(dir / "one.png", 16), "1 x 1 pixels; expected at least 16 a side"));
  spit(dir / "big.png", png_header(20'000, 20'000));
  CHECK(has(read_error(dir / "big.png"), "20000 x 20000 pixels; expected 1 to 64 million"));
  spit(dir / "wide.png", png_header(2'000'000'000, 1));
  CHECK(has(read_error(dir / "wide.png"), "2000000000 x 1"));
  std::string jpeg = bytes_of(encode_jpeg(gradient(16, 16, 3)));
  auto const frame = jpeg.find("\xff\xc0");  // marker, length (2), precision, height (2), width (2)
  REQUIRE(frame != std::string::npos);
  jpeg.replace(frame + 5, 4, "\x4e\x20\x4e\x20");
  spit(dir / "big.jpg", jpeg);
  CHECK(has(read_error(dir / "big.jpg"), "20000 x 20000 pixels"));
}

TEST_CASE("image: a file cut anywhere is an error") {
  ScratchFolder const dir;
  for (bool const png : {true, false}) {
    CAPTURE(png);
    std::string const whole = bytes_of(png ? encode_png(gradient(40, 30, 3)) : encode_jpeg(gradient(40, 30, 3)));
    for (std::size_t n = 0; n < whole.size(); ++n) {
      auto const* const p = reinterpret_cast<std::uint8_t const*>(whole.data());
      bool const cut = message_of<berl::Error>([&] { (void)decode_image(std::span(p, n), "cut"); }).find("cut: found") == 0;
      if (!cut) FAIL_CHECK("read although cut after " << n << " of " << whole.size());
    }
  }
}

TEST_CASE("image: damage inside is an error or another picture, never a crash") {
  int errors = 0;
  for (bool const png : {true, false}) {
    auto const whole = png ? encode_png(gradient(40, 30, 3)) : encode_jpeg(gradient(40, 30, 3));
    for (std::size_t i = 0; i < whole.size(); i += 3) {
      auto bad = whole;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ 0x55);
      try {
        (void)decode_image(bad, "bad");
      } catch (berl::Error const&) {
        ++errors;
      }
    }
  }
  CHECK(errors > 100);  // a PNG has sums over all its bytes; a JPEG notices broken codes only
}

TEST_CASE("image: the reference decoder's pixels (JPEG 4:2:0, 4:4:4, progressive, grey)") {
  berl::test::Golden const g("formats_rec");
  std::string const rec = slurp(std::string(BERL_TEST_DATA) + "/golden/faces.rec");
  auto const length = g.values<std::int64_t>("jpeg_length"), position = g.values<std::int64_t>("position"),
             parts = g.values<std::int64_t>("parts");
  auto const key = g.values<std::int64_t>("key"), payload = g.values<std::int64_t>("payload_length");
  int compared = 0;
  for (auto const& name : g.file().names()) {
    if (name.rfind("rgb", 0) != 0) continue;
    auto const picture = std::stoll(name.substr(3));
    auto const record = static_cast<std::size_t>(std::find(key.begin(), key.end(), picture) - key.begin());
    if (parts.at(record) != 1) continue;  // records in several parts belong to the record reader's test
    auto const bytes = static_cast<std::size_t>(length.at(static_cast<std::size_t>(picture - 1)));
    std::size_t const begin = static_cast<std::size_t>(position[record] + 8 + payload[record]) - bytes;
    Image const image = to_rgb(decode_image(std::span(reinterpret_cast<std::uint8_t const*>(rec.data()) + begin, bytes), name));
    CHECK(g.shape(name) == Extents{image.height, image.width, 3});
    CHECK(largest_difference(image, Image{image.width, image.height, 3, g.values<std::uint8_t>(name)}) <=
          10);  // libjpeg versions differ at 4:2:0 edges
    long long sum = 0;
    auto const reference = g.values<std::uint8_t>(name);
    for (std::size_t i = 0; i < reference.size(); ++i) sum += std::abs(reference[i] - image.pixels[i]);
    CHECK(static_cast<double>(sum) / static_cast<double>(reference.size()) < 0.5);  // and hardly anywhere else
    ++compared;
  }
  CHECK(compared >= 3);
}

TEST_CASE("image: the verification file's pictures") {
  berl::test::Golden const g("formats_bin");
  std::string const bin = slurp(std::string(BERL_TEST_DATA) + "/golden/verif_py3_protocol3.bin");
  auto const length = g.values<std::int64_t>("jpeg_length");
  std::size_t at = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    at = bin.find("\xff\xd8\xff", at);
    REQUIRE(at != std::string::npos);
    auto const n = static_cast<std::size_t>(length[i]);
    Image const image = to_rgb(decode_image(std::span(reinterpret_cast<std::uint8_t const*>(bin.data()) + at, n), "bin"));
    CHECK(largest_difference(image, Image{112, 112, 3, g.values<std::uint8_t>("rgb" + std::to_string(i))}) <= 10);  // as above
    at += n;
  }
}

TEST_CASE("image: real pictures") {
  char const* const data = std::getenv("BERL_DATA");
  if (data == nullptr || !std::filesystem::is_directory(data)) {
    MESSAGE("skipped: BERL_DATA names no folder of pictures");
    return;
  }
  int pictures = 0;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.path().extension() != ".png" || ++pictures % 25 != 0) continue;
    Image const image = read_image(entry.path(), 16);
    CAPTURE(entry.path().string());
    CHECK(image.width == 112);
    CHECK(image.height == 112);
    CHECK(decode_image(encode_png(image), "again") == image);
    CHECK(largest_difference(decode_image(encode_jpeg(image, 100), "again"), image) <= 8);  // colour transform and unit quantisation
    CHECK(resize_area(to_rgb(image), 64, 64).pixels.size() == 64 * 64 * 3);
  }
  CHECK(pictures > 25);
}
