#include <berl/io/jpeg.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>  // abs
#include <io/scratch_folder.hpp>

using namespace berl::io;
using berl::test::message_of;

/// What image_test.cpp does not ask of JPEG: the bytes themselves, other kinds of files, and what is refused.
namespace {
using Bytes = std::vector<std::uint8_t>;

Image filled(int width, int height, int channels, int value) {
  Image image = blank(width, height, channels);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(value));
  return image;
}
/// Where marker ff `code` begins.
std::size_t place(Bytes const& bytes, int code) {
  std::uint8_t const marker[] = {0xff, static_cast<std::uint8_t>(code)};
  auto const at = std::search(bytes.begin(), bytes.end(), std::begin(marker), std::end(marker));
  REQUIRE(at != bytes.end());
  return static_cast<std::size_t>(at - bytes.begin());
}
/// A file of libjpeg's own making, whose settings the caller chooses.
template <class Choose>
Bytes made(int width, int height, int channels, J_COLOR_SPACE space, Bytes const& row, Choose&& choose) {
  berl::io::detail::JpegWriter writer;
  auto& info = writer.info;
  jpeg_mem_dest(&info, &writer.bytes, &writer.size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = channels;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  choose(info);
  jpeg_start_compress(&info, TRUE);
  JSAMPROW line = const_cast<JSAMPROW>(row.data());  // libjpeg only reads it
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &line, 1);
  jpeg_finish_compress(&info);
  return {writer.bytes, writer.bytes + writer.size};
}
std::string error_of(Bytes const& bytes) {
  return message_of<berl::Error>([&] { (void)decode_jpeg(bytes, "face.jpg"); });
}
}  // namespace

TEST_CASE("jpeg: a flat picture comes back with every byte, grey or colour, of odd sizes") {
  for (int const channels : {1, 3})
    for (auto const& [width, height] : {std::pair{1, 1}, {8, 8}, {17, 5}, {112, 112}}) {
      Image const flat = filled(width, height, channels, 120);
      CHECK(decode_jpeg(encode_jpeg(flat, 95), "flat") ==
            flat);  // at 95 the steps of the mean are 2 / 8 of a grey level, and 120 is on one
    }
}

TEST_CASE("jpeg: the bytes begin and end as the format says, and hold size and sampling") {
  for (auto const& [quality, sampling] : {std::pair{100, 0x11}, {90, 0x11}, {89, 0x22}, {10, 0x22}}) {
    Bytes const bytes = encode_jpeg(filled(300, 20, 3, 7), quality);
    CHECK(bytes[0] == 0xff);
    CHECK(bytes[1] == 0xd8);
    CHECK(bytes[bytes.size() - 2] == 0xff);
    CHECK(bytes.back() == 0xd9);
    auto const frame =
        place(bytes, 0xc0);  // marker, length (2), precision, height (2), width (2), components, then number, sampling, table
    CHECK(bytes[frame + 5] * 256 + bytes[frame + 6] == 20);
    CHECK(bytes[frame + 7] * 256 + bytes[frame + 8] == 300);
    CHECK(bytes[frame + 9] == 3);
    CHECK(bytes[frame + 11] == sampling);  // of the brightness: 2 x 2 samples for one of each colour below 90
  }
  Bytes const grey = encode_jpeg(filled(4, 4, 1, 7));
  CHECK(grey[place(grey, 0xc0) + 9] == 1);
}

TEST_CASE("jpeg: quality is kept within 1 to 100, and more of it is nearer") {
  Image image = blank(64, 64, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * i / 7 % 251);
  CHECK(encode_jpeg(image, -5) == encode_jpeg(image, 1));
  CHECK(encode_jpeg(image, 1000) == encode_jpeg(image, 100));
  long before = -1;
  for (int const quality : {100, 90, 50, 5}) {
    Image const back = decode_jpeg(encode_jpeg(image, quality), "noise");
    long difference = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) difference += std::abs(image.pixels[i] - back.pixels[i]);
    CHECK(difference > before);
    before = difference;
  }
}

TEST_CASE("jpeg: progressive files and files in RGB are read") {
  Bytes const row{200, 100, 50, 200, 100, 50, 200, 100, 50};
  Bytes const progressive = made(3, 20, 3, JCS_RGB, row, [](auto& info) { jpeg_simple_progression(&info); });
  CHECK(place(progressive, 0xc2) > 0);
  Bytes const plain = made(3, 20, 3, JCS_RGB, row, [](auto& info) { jpeg_set_colorspace(&info, JCS_RGB); });
  for (Bytes const& bytes : {progressive, plain}) {
    Image const image = decode_jpeg(bytes, "other");
    CHECK(image.width == 3);
    CHECK(image.height == 20);
    CHECK(image.channels == 3);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
      CHECK(std::abs(image.pixels[i] - row[i % 9]) <= 3);  // steps at quality 75 are at most 17 / 8 levels, and the colours are rounded
  }
}

TEST_CASE("jpeg: CMYK, damage and sizes are refused with the file's name") {
  Bytes const ink = made(4, 4, 4, JCS_CMYK, Bytes(16, 9), [](auto&) {});
  CHECK(error_of(ink) == "face.jpg: found a JPEG in CMYK colours; expected grey or RGB colours. Convert the picture to RGB.");
  CHECK(error_of({}).find("face.jpg: found a damaged JPEG (") == 0);
  CHECK(error_of({0xff, 0xd8, 0xff, 0xd9}).find("face.jpg: found a damaged JPEG (") == 0);
  CHECK(error_of({'t', 'e', 'x', 't'}).find("face.jpg: found a damaged JPEG (Not a JPEG file") == 0);

  Bytes whole = encode_jpeg(filled(40, 40, 3, 9));
  Bytes const cut(whole.begin(), whole.end() - 12);  // libjpeg would fill it up with grey, and warn
  CHECK(error_of(cut).find("damaged JPEG") != std::string::npos);
  auto const frame = place(whole, 0xc0);
  whole[frame + 5] = whole[frame + 7] = 0xff;  // 65320 x 65320
  CHECK(error_of(whole).find("face.jpg: found a picture of 65320 x 65320 pixels; expected 1 to 64 million pixels.") == 0);
  CHECK(message_of<berl::Error>([] { (void)encode_jpeg(Image{}); }).find("berl::io::encode_jpeg: found a picture of 0 x 0 pixels") == 0);
  std::string const wide = message_of<berl::Error>([] { (void)encode_jpeg(filled(65501, 1, 1, 0)); });
  CHECK(wide.find("expected a picture of at most 65500 pixels a side. Use PNG, or scale it down.") != std::string::npos);
}

TEST_CASE("jpeg: what follows the picture does not count, as cameras leave it there") {
  Bytes bytes = encode_jpeg(filled(16, 16, 1, 120), 95);
  bytes.insert(bytes.end(), {1, 2, 3, 4});
  CHECK(decode_jpeg(bytes, "tail") == filled(16, 16, 1, 120));
}
