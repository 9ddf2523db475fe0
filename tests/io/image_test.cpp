#include <doctest/doctest.h>

#include <algorithm>
#include <berl/io/image.hpp>
#include <cstdlib>  // abs, getenv
#include <golden.hpp>
#include <io/scratch_folder.hpp>

using namespace berl::io;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::slurp, berl::test::spit;

namespace {
bool has(std::string const& text, std::string const& piece) { return text.find(piece) != std::string::npos; }

/// A smooth picture with a different course in every channel.
Image gradient(int width, int height, int channels) {
  Image image = blank(width, height, channels);
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < width; ++c) {
      for (int k = 0; k < channels; ++k) image.at(r, c, k) = static_cast<std::uint8_t>((3 * r + 5 * c + 60 * k) / 4 % 256);
    }
  }
  return image;
}
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
/// A PNG of any colour type, written with libpng alone.
std::string any_png(int width, int height, int depth, int colour, std::vector<std::uint8_t> rows, bool interlaced) {
  std::string out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep b, std::size_t n) {
        static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<char*>(b), n);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, colour,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_color const palette[] = {{10, 20, 30}, {200, 100, 50}, {0, 255, 0}, {255, 255, 255}};
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  std::size_t const stride = png_get_rowbytes(png, info);
  REQUIRE(rows.size() == stride * static_cast<std::size_t>(height));
  for (int r = 0; r < height; ++r) pointers.push_back(rows.data() + static_cast<std::size_t>(r) * stride);
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
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

TEST_CASE("image: grey becomes three equal channels") {
  Image const grey = gradient(5, 4, 1), rgb = to_rgb(grey);
  CHECK(rgb.channels == 3);
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 5; ++c) {
      for (int k = 0; k < 3; ++k) CHECK(rgb.at(r, c, k) == grey.at(r, c, 0));
    }
  }
  CHECK(to_rgb(rgb) == rgb);
}

TEST_CASE("image: PNG of 1, 2, 4, 16 bits, palette, alpha, interlaced") {
  auto const decode = [](std::string const& bytes) {
    return decode_image(std::span(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()), "made");
  };
  using V = std::vector<std::uint8_t>;
  CHECK(decode(any_png(8, 1, 1, PNG_COLOR_TYPE_GRAY, {0xa0}, false)).pixels == V{255, 0, 255, 0, 0, 0, 0, 0});
  CHECK(decode(any_png(4, 1, 2, PNG_COLOR_TYPE_GRAY, {0x1b}, false)).pixels == V{0, 85, 170, 255});
  CHECK(decode(any_png(2, 1, 4, PNG_COLOR_TYPE_PALETTE, {0x12}, false)).pixels == V{200, 100, 50, 0, 255, 0});
  CHECK(decode(any_png(3, 1, 16, PNG_COLOR_TYPE_GRAY, {0xff, 0xff, 0x80, 0x80, 0x00, 0xff}, false)).pixels == V{255, 128, 1});
  CHECK(decode(any_png(1, 1, 16, PNG_COLOR_TYPE_RGB_ALPHA, {1, 1, 2, 2, 3, 3, 0, 0}, false)).pixels == V{1, 2, 3});
  CHECK(decode(any_png(2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {9, 0, 8, 255}, false)).pixels == V{9, 8});
  CHECK(decode(any_png(1, 2, 8, PNG_COLOR_TYPE_RGB_ALPHA, {1, 2, 3, 4, 5, 6, 7, 8}, false)).pixels == V{1, 2, 3, 5, 6, 7});
  Image const image = gradient(13, 9, 3);
  CHECK(decode(any_png(13, 9, 8, PNG_COLOR_TYPE_RGB, image.pixels, true)) == image);
}

TEST_CASE("image: 16-bit PNG holds every value") {
  ScratchFolder const dir;
  std::vector<std::uint16_t> const depth{0, 1000, 30000, 65535, 257, 514};  // bytes that differ: a wrong order shows
  write_png16(dir / "d.png", 3, 2, depth);
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&head, (dir / "d.png").c_str()) != 0);
  CHECK((head.format & PNG_FORMAT_FLAG_LINEAR) != 0);  // libpng's word for 16 bits
  png_image_free(&head);
  CHECK(read_image(dir / "d.png").pixels == std::vector<std::uint8_t>{0, 4, 117, 255, 1, 2});  // v / 257, rounded
  std::string const raw = slurp(dir / "d.png");
  CHECK(raw[24] == 16);  // bit depth in the header
  CHECK(raw[25] == 0);   // grey
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

TEST_CASE("image: bytes to [-1, 1] and back") {
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

TEST_CASE("resize: constants stay, means are means, a ramp stays a ramp") {
  Image flat = blank(29, 31, 3);
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{77});
  for (auto [width, height] : {std::pair{64, 64}, {7, 5}, {1, 1}, {112, 3}}) {
    for (Image const& small : {resize_area(flat, width, height), resize_bilinear(flat, width, height)}) {
      CHECK(small.width == width);
      CHECK(small.height == height);
      CHECK(std::count(small.pixels.begin(), small.pixels.end(), 77) == width * height * 3);
    }
  }
  CHECK(resize_area(Image{4, 2, 1, {10, 20, 1, 3, 30, 40, 5, 7}}, 2, 1).pixels == std::vector<std::uint8_t>{25, 4});
  CHECK(resize_area(Image{3, 1, 1, {30, 60, 90}}, 2, 1).pixels == std::vector<std::uint8_t>{40, 80});  // (30 + 60 / 2) / 1.5
  // Triangle of half width 2 about 1 (in pixel edges): weights 3/8, 3/8, 1/8 and, cut off at the left, renormalised by 7/8.
  CHECK(resize_bilinear(Image{4, 1, 1, {70, 0, 0, 0}}, 2, 1).pixels == std::vector<std::uint8_t>{30, 0});
  CHECK(resize_bilinear(Image{4, 1, 1, {0, 0, 70, 0}}, 2, 1).pixels == std::vector<std::uint8_t>{10, 30});
  CHECK(resize_bilinear(Image{2, 1, 1, {0, 100}}, 4, 1).pixels == std::vector<std::uint8_t>{0, 25, 75, 100});  // enlarged: plain bilinear
  Image const same = gradient(20, 10, 3);
  CHECK(resize_area(same, 20, 10) == same);
  CHECK(resize_bilinear(same, 20, 10) == same);
  Image ramp = blank(112, 112, 1);
  for (int r = 0; r < 112; ++r) {
    for (int c = 0; c < 112; ++c) ramp.at(r, c, 0) = static_cast<std::uint8_t>(c + r);
  }
  for (Image const& small : {resize_area(ramp, 64, 64), resize_bilinear(ramp, 64, 64)}) {
    for (int i = 2; i < 62;
         ++i) {  // the value at the output pixel's centre, to one rounding (and, off a symmetric kernel's grid, some tenths)
      CHECK(std::abs(small.at(i, i, 0) - (2 * ((i + 0.5) * 1.75 - 0.5))) <= 1.0);
    }
  }
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
