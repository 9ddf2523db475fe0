#pragma once
#include <png.h>               // libpng
#include <berl/io/pixels.hpp>  // Image
#include <berl/io/trap.hpp>    // Trap
#include <cstring>             // memcpy
#include <exception>           // exception
#include <span>                // span
#include <string>              // string
#include <vector>              // vector

namespace berl::io {
namespace detail {
[[noreturn]] inline void png_gives_up(png_structp png, png_const_charp text) { static_cast<Trap*>(png_get_error_ptr(png))->spring(text); }
inline void png_warns(png_structp, png_const_charp) {}  // about colour profiles and the like; damage is an error

struct PngReader {
  Trap trap;
  std::span<std::uint8_t const> rest;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &trap, png_gives_up, png_warns);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);

  explicit PngReader(std::span<std::uint8_t const> bytes) : rest(bytes) {}
  PngReader(PngReader const&) = delete;
  PngReader& operator=(PngReader const&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }

  static void give(png_structp png, png_bytep to, std::size_t n) {
    auto& rest = static_cast<PngReader*>(png_get_io_ptr(png))->rest;
    if (n > rest.size()) png_error(png, "the data end early");
    std::memcpy(to, rest.data(), n);
    rest = rest.subspan(n);
  }
};

struct PngWriter {
  Trap trap;
  std::vector<std::uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &trap, png_gives_up, png_warns);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);

  PngWriter() = default;
  PngWriter(PngWriter const&) = delete;
  PngWriter& operator=(PngWriter const&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }

  static void take(png_structp png, png_bytep from, std::size_t n) {
    bool full = false;
    try {
      auto& bytes = static_cast<PngWriter*>(png_get_io_ptr(png))->bytes;
      bytes.insert(bytes.end(), from, from + n);
    } catch (std::exception const&) {
      full = true;  // no exception may pass through C code
    }
    if (full) png_error(png, "out of memory");
  }
};

/// Rows of `depth` bits a channel, 8 or 16 (in this machine's byte order).
inline std::vector<std::uint8_t> encode_png(std::uint8_t const* pixels, int width, int height, int channels, int depth) {
  check_size("berl::io::encode_png", static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
  PngWriter writer;
  png_structp const png = writer.png;
  png_infop const info = writer.info;
  std::size_t const stride = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels * depth / 8);
  bool const well = info != nullptr && writer.trap.runs([&] {
    png_set_write_fn(png, &writer, &PngWriter::take, [](png_structp) {});
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth,
                 channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (depth == 16) png_set_swap(png);  // PNG is big-endian
    for (int row = 0; row < height; ++row) png_write_row(png, pixels + static_cast<std::size_t>(row) * stride);
    png_write_end(png, info);
  });
  if (!well) throw Error("berl::io::encode_png", writer.trap.message, "a picture that libpng can write", "Free memory, or scale it down.");
  return std::move(writer.bytes);
}
}  // namespace detail

/// The picture in the bytes of a PNG file: 1 to 16 bits, grey, colour or palette, interlaced or not. 16 bits are scaled to 8; an
/// alpha channel is dropped, so a transparent pixel has the colour that the file gives it.
/// errors  berl::Error: damage of any kind, more than 64 million pixels
inline Image decode_png(std::span<std::uint8_t const> bytes, std::string const& where) {
  detail::PngReader reader(bytes);
  png_structp const png = reader.png;
  png_infop const info = reader.info;
  auto const check = [&](bool well) {
    if (!well)
      throw Error(where, std::string("a damaged PNG (") + reader.trap.message + ")", "a whole one",
                  "Replace the picture, or leave it out.");
  };
  if (bytes.size() >= 24) {  // the header comes first: a size beyond all limits is seen before libpng works on it
    auto const big_endian = [&](std::size_t at) {
      return std::uint64_t{bytes[at]} << 24 | std::uint64_t{bytes[at + 1]} << 16 | std::uint64_t{bytes[at + 2]} << 8 | bytes[at + 3];
    };
    detail::check_size(where, big_endian(16), big_endian(20));
  }
  check(info != nullptr && reader.trap.runs([&] {
    png_set_read_fn(png, &reader, &detail::PngReader::give);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // checked above
    png_read_info(png, info);
  }));
  bool const grey = (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0;
  Image image = blank(static_cast<int>(png_get_image_width(png, info)), static_cast<int>(png_get_image_height(png, info)), grey ? 1 : 3);
  std::size_t const stride = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = image.pixels.data() + row * stride;
  check(reader.trap.runs([&] {
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != stride) png_error(png, "rows of an unexpected size");
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
  }));
  return image;
}

inline std::vector<std::uint8_t> encode_png(Image const& image) {
  return detail::encode_png(image.pixels.data(), image.width, image.height, image.channels, 8);
}
/// One channel of 16 bits, for depth.
inline std::vector<std::uint8_t> encode_png16(int width, int height, std::span<std::uint16_t const> grey) {
  return detail::encode_png(reinterpret_cast<std::uint8_t const*>(grey.data()), width, height, 1, 16);
}
}  // namespace berl::io
