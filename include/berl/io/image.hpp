#pragma once
#include <berl/io/atomic_file.hpp>  // write_file
#include <berl/io/jpeg.hpp>         // decode_jpeg, encode_jpeg
#include <berl/io/pixels.hpp>       // Image, to_network, to_bytes
#include <berl/io/png.hpp>          // decode_png, encode_png
#include <berl/io/resize.hpp>       // resize_area, resize_bilinear
#include <cstdio>                   // snprintf
#include <filesystem>               // path
#include <fstream>                  // ifstream
#include <span>                     // span
#include <string>                   // string
#include <vector>                   // vector

namespace berl::io {
/// The picture in the bytes of a PNG or JPEG file, whatever its name says. `where` is named in errors.
/// errors  berl::Error: neither PNG nor JPEG, damaged, a side shorter than `minimum`, more than 64 million pixels
inline Image decode_image(std::span<std::uint8_t const> bytes, std::string const& where, int minimum = 1) {
  static constexpr std::uint8_t jpeg[] = {0xff, 0xd8, 0xff}, png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  auto const starts = [&](std::span<std::uint8_t const> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
  };
  bool const is_jpeg = starts(jpeg);
  if (!is_jpeg && !starts(png)) {
    std::string found = bytes.empty() ? "an empty file" : "a file that begins with the bytes";
    for (std::uint8_t const b : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
      char text[4];
      std::snprintf(text, sizeof text, " %02x", unsigned{b});
      found += text;
    }
    throw Error(where, found, "a PNG or JPEG picture", "Convert it to PNG, or leave it out.");
  }
  Image image = is_jpeg ? decode_jpeg(bytes, where) : decode_png(bytes, where);
  if (image.width < minimum || image.height < minimum) {
    throw Error(where, "a picture of " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels",
                "at least " + std::to_string(minimum) + " a side", "Use a larger picture, or leave it out.");
  }
  return image;
}

/// The picture in a PNG or JPEG file, 1 or 3 channels as stored; errors as decode_image, and an unreadable file.
inline Image read_image(std::filesystem::path const& path, int minimum = 1) {
  constexpr std::uintmax_t most = 512u << 20;  // a picture of 64 million pixels is smaller
  std::error_code error;
  auto const size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) throw Error(path.string(), "no readable file", "a PNG or JPEG picture", "Check the path and the permissions.");
  if (size > most)
    throw Error(path.string(), std::to_string(size) + " bytes", "a picture below 512 MiB", "Scale it down, or leave it out.");
  std::vector<std::uint8_t> bytes(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!in) throw Error(path.string(), "a read error", "a file that can be read to its end", "Check the disk.");
  return decode_image(bytes, path.string(), minimum);
}

inline void write_png(std::filesystem::path const& path, Image const& image) {
  write_file(path, std::as_bytes(std::span<std::uint8_t const>(encode_png(image))));
}
inline void write_png16(std::filesystem::path const& path, int width, int height, std::span<std::uint16_t const> grey) {
  write_file(path, std::as_bytes(std::span<std::uint8_t const>(encode_png16(width, height, grey))));
}
inline void write_jpeg(std::filesystem::path const& path, Image const& image, int quality = 90) {
  write_file(path, std::as_bytes(std::span<std::uint8_t const>(encode_jpeg(image, quality))));
}
}  // namespace berl::io
