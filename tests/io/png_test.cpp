#include <berl/io/png.hpp>

#include <doctest/doctest.h>

#include <io/gradient.hpp>
#include <io/scratch_folder.hpp>

using namespace berl::io;
using berl::test::gradient, berl::test::message_of;

/// What image_test.cpp does not ask of PNG: other kinds of files, 16 bits, and what is refused.
namespace {
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
std::span<std::uint8_t const> span_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()};
}
}  // namespace

TEST_CASE("png: of 1, 2, 4, 16 bits, palette, alpha, interlaced") {
  auto const decode = [](std::string const& bytes) { return decode_png(span_of(bytes), "made"); };
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

TEST_CASE("png: 16 bits hold every value") {
  std::vector<std::uint16_t> const depth{0, 1000, 30000, 65535, 257, 514};  // bytes that differ: a wrong order shows
  auto const bytes = encode_png16(3, 2, depth);
  CHECK(bytes[24] == 16);  // bit depth in the header
  CHECK(bytes[25] == 0);   // grey
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&head, bytes.data(), bytes.size()) != 0);
  CHECK((head.format & PNG_FORMAT_FLAG_LINEAR) != 0);  // libpng's word for 16 bits
  png_image_free(&head);
  CHECK(decode_png(bytes, "depth").pixels == std::vector<std::uint8_t>{0, 4, 117, 255, 1, 2});  // v / 257, rounded
}

TEST_CASE("png: damage and sizes are refused with the file's name") {
  auto const bytes = encode_png(gradient(13, 9, 3));
  auto const error = [](std::vector<std::uint8_t> const& b) { return message_of<berl::Error>([&] { (void)decode_png(b, "face.png"); }); };
  for (std::size_t n = 0; n < bytes.size(); n += 5)
    CHECK(error({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)}).starts_with("face.png: found "));
  auto damaged = bytes;
  damaged[60] ^= 1;  // in the compressed rows
  CHECK(error(damaged).find("a damaged PNG") != std::string::npos);
  auto huge = bytes;
  huge[16] = 0x7f;  // the highest byte of the width
  CHECK(error(huge).find("expected 1 to 64 million pixels") != std::string::npos);
  CHECK_THROWS_AS((void)encode_png(blank(0, 3, 1)), berl::Error);
}
