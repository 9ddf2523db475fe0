#pragma once
#include <algorithm>           // clamp
#include <berl/io/pixels.hpp>  // Image
#include <berl/io/trap.hpp>    // Trap
#include <cstdio>              // jpeglib.h wants FILE
#include <cstdlib>             // free
#include <span>                // span
#include <string>              // string

#include <jerror.h>   // JWRN_ADOBE_XFORM
#include <jpeglib.h>  // libjpeg-turbo

namespace berl::io {
namespace detail {
struct JpegErrors : jpeg_error_mgr {
  Trap trap;

  JpegErrors() {
    jpeg_std_error(this);
    error_exit = [](j_common_ptr info) { give_up(info); };
    output_message = [](j_common_ptr) {};
    // Warnings are damage (data that ends early, bad codes), except for two that are about versions and colour marks.
    emit_message = [](j_common_ptr info, int level) {
      int const code = info->err->msg_code;
      if (level < 0 && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) give_up(info);
    };
  }
  [[noreturn]] static void give_up(j_common_ptr info) {
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    static_cast<JpegErrors*>(info->err)->trap.spring(text);
  }
};

struct JpegReader {
  JpegErrors errors;
  jpeg_decompress_struct info{};
  bool made;
  JpegReader() {
    info.err = &errors;
    made = errors.trap.runs([&] { jpeg_create_decompress(&info); });
  }
  JpegReader(JpegReader const&) = delete;
  JpegReader& operator=(JpegReader const&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info); }
};

struct JpegWriter {
  JpegErrors errors;
  jpeg_compress_struct info{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  bool made;
  JpegWriter() {
    info.err = &errors;
    made = errors.trap.runs([&] { jpeg_create_compress(&info); });
  }
  JpegWriter(JpegWriter const&) = delete;
  JpegWriter& operator=(JpegWriter const&) = delete;
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};
}  // namespace detail

/// The picture in the bytes of a JPEG file, baseline or progressive, grey or colour.
/// errors  berl::Error: damage of any kind (also what libjpeg would only warn of), CMYK, more than 64 million pixels
inline Image decode_jpeg(std::span<std::uint8_t const> bytes, std::string const& where) {
  detail::JpegReader reader;
  auto& info = reader.info;
  auto const check = [&](bool well) {
    if (!well)
      throw Error(where, std::string("a damaged JPEG (") + reader.errors.trap.message + ")", "a whole one",
                  "Replace the picture, or leave it out.");
  };
  check(reader.made);
  check(reader.errors.trap.runs([&] {
    jpeg_mem_src(&info, bytes.data(), bytes.size());
    jpeg_read_header(&info, TRUE);
  }));
  detail::check_size(where, info.image_width, info.image_height);
  if (info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK) {
    throw Error(where, "a JPEG in CMYK colours", "grey or RGB colours", "Convert the picture to RGB.");
  }
  bool const grey = info.jpeg_color_space == JCS_GRAYSCALE;
  info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  Image image = blank(static_cast<int>(info.image_width), static_cast<int>(info.image_height), grey ? 1 : 3);
  std::uint8_t* const pixels = image.pixels.data();
  check(reader.errors.trap.runs([&] {
    jpeg_start_decompress(&info);
    std::size_t const stride = std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = pixels + info.output_scanline * stride;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }));
  return image;
}

/// The bytes of a JPEG file of the picture; quality 1 to 100, colour at half resolution below 90.
inline std::vector<std::uint8_t> encode_jpeg(Image const& image, int quality = 90) {
  detail::check_size("berl::io::encode_jpeg", static_cast<std::uint64_t>(image.width), static_cast<std::uint64_t>(image.height));
  detail::JpegWriter writer;
  auto& info = writer.info;
  bool const well = writer.made && writer.errors.trap.runs([&] {
    jpeg_mem_dest(&info, &writer.bytes, &writer.size);
    info.image_width = static_cast<JDIMENSION>(image.width);
    info.image_height = static_cast<JDIMENSION>(image.height);
    info.input_components = image.channels;
    info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, std::clamp(quality, 1, 100), TRUE);
    if (quality >= 90) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&info, TRUE);
    std::size_t const stride = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = const_cast<JSAMPROW>(image.pixels.data() + info.next_scanline * stride);  // libjpeg only reads it
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
  });
  if (!well)
    throw Error("berl::io::encode_jpeg", writer.errors.trap.message, "a picture of at most 65500 pixels a side",
                "Use PNG, or scale it down.");
  return {writer.bytes, writer.bytes + writer.size};
}
}  // namespace berl::io
