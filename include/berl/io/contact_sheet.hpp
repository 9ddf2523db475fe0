#pragma once
#include <algorithm>           // max
#include <berl/io/pixels.hpp>  // Image
#include <cstdint>             // uint8_t
#include <span>                // span
#include <stdexcept>           // logic_error
#include <string>              // string
#include <string_view>         // string_view
#include <vector>              // vector

namespace berl::io {
namespace detail {
/// A letter of 5 x 7 dots, or 8 with what hangs below the line: one number for each column, whose lowest bit is the uppermost dot.
struct Glyph {
  char letter;
  std::uint8_t columns[5];
};
// clang-format off
inline constexpr Glyph font[] = {
    {'+', {0x08, 0x08, 0x3e, 0x08, 0x08}}, {'-', {0x08, 0x08, 0x08, 0x08, 0x08}}, {'.', {0x00, 0x60, 0x60, 0x00, 0x00}},
    {'/', {0x20, 0x10, 0x08, 0x04, 0x02}}, {':', {0x00, 0x36, 0x36, 0x00, 0x00}}, {'%', {0x23, 0x13, 0x08, 0x64, 0x62}},
    {'=', {0x14, 0x14, 0x14, 0x14, 0x14}}, {'_', {0x40, 0x40, 0x40, 0x40, 0x40}},
    {'0', {0x3e, 0x51, 0x49, 0x45, 0x3e}}, {'1', {0x00, 0x42, 0x7f, 0x40, 0x00}}, {'2', {0x42, 0x61, 0x51, 0x49, 0x46}},
    {'3', {0x21, 0x41, 0x45, 0x4b, 0x31}}, {'4', {0x18, 0x14, 0x12, 0x7f, 0x10}}, {'5', {0x27, 0x45, 0x45, 0x45, 0x39}},
    {'6', {0x3c, 0x4a, 0x49, 0x49, 0x30}}, {'7', {0x01, 0x71, 0x09, 0x05, 0x03}}, {'8', {0x36, 0x49, 0x49, 0x49, 0x36}},
    {'9', {0x06, 0x49, 0x49, 0x29, 0x1e}},
    {'a', {0x20, 0x54, 0x54, 0x54, 0x78}}, {'b', {0x7f, 0x48, 0x44, 0x44, 0x38}}, {'c', {0x38, 0x44, 0x44, 0x44, 0x20}},
    {'d', {0x38, 0x44, 0x44, 0x48, 0x7f}}, {'e', {0x38, 0x54, 0x54, 0x54, 0x18}}, {'f', {0x08, 0x7e, 0x09, 0x01, 0x02}},
    {'g', {0x18, 0xa4, 0xa4, 0x9c, 0x78}}, {'h', {0x7f, 0x08, 0x04, 0x04, 0x78}}, {'i', {0x00, 0x44, 0x7d, 0x40, 0x00}},
    {'j', {0x40, 0x80, 0x84, 0x7d, 0x00}}, {'k', {0x7f, 0x10, 0x28, 0x44, 0x00}}, {'l', {0x00, 0x41, 0x7f, 0x40, 0x00}},
    {'m', {0x7c, 0x04, 0x18, 0x04, 0x78}}, {'n', {0x7c, 0x08, 0x04, 0x04, 0x78}}, {'o', {0x38, 0x44, 0x44, 0x44, 0x38}},
    {'p', {0xfc, 0x18, 0x24, 0x24, 0x18}}, {'q', {0x18, 0x24, 0x24, 0x18, 0xfc}}, {'r', {0x7c, 0x08, 0x04, 0x04, 0x08}},
    {'s', {0x48, 0x54, 0x54, 0x54, 0x20}}, {'t', {0x04, 0x3f, 0x44, 0x40, 0x20}}, {'u', {0x3c, 0x40, 0x40, 0x20, 0x7c}},
    {'v', {0x1c, 0x20, 0x40, 0x20, 0x1c}}, {'w', {0x3c, 0x40, 0x30, 0x40, 0x3c}}, {'x', {0x44, 0x28, 0x10, 0x28, 0x44}},
    {'y', {0x4c, 0x90, 0x90, 0x90, 0x7c}}, {'z', {0x44, 0x64, 0x54, 0x4c, 0x44}}};
// clang-format on
inline constexpr int letter_width = 6, letter_height = 8;  // with the space after it

/// Black text, each dot scale x scale pixels; what lies outside the picture is left out, an unknown letter is a space.
inline void write_text(Image& image, int row, int column, std::string_view text, int scale) {
  for (std::size_t k = 0; k < text.size(); ++k) {
    char const letter = text[k] >= 'A' && text[k] <= 'Z' ? static_cast<char>(text[k] - 'A' + 'a') : text[k];
    auto const* const glyph = std::find_if(std::begin(font), std::end(font), [&](Glyph const& g) { return g.letter == letter; });
    if (glyph == std::end(font)) continue;
    for (int y = 0; y < letter_height * scale; ++y)
      for (int x = 0; x < 5 * scale; ++x) {
        int const r = row + y, c = column + static_cast<int>(k) * letter_width * scale + x;
        bool const dot = (glyph->columns[x / scale] >> (y / scale) & 1) != 0;
        if (!dot || r < 0 || c < 0 || r >= image.height || c >= image.width) continue;
        for (int channel = 0; channel < image.channels; ++channel) image.at(r, c, channel) = 0;
      }
  }
}

inline void paste(Image const& tile, int row, int column, int scale, Image& onto) {
  for (int y = 0; y < tile.height * scale; ++y)
    for (int x = 0; x < tile.width * scale; ++x)
      for (int c = 0; c < 3; ++c) onto.at(row + y, column + x, c) = tile.at(y / scale, x / scale, tile.channels == 3 ? c : 0);
}
}  // namespace detail

struct SheetLayout {
  int scale = 2;  ///< each pixel of a picture becomes a square of this side, and so does each dot of a letter
  int gap = 6;    ///< of white between the pictures
};

/// Small pictures of one size in rows under the titles of their columns, on white. A row may be shorter than the titles; a title that
/// is too long for its column is cut.
inline Image contact_sheet(std::span<std::string const> titles, std::span<std::vector<Image> const> rows, SheetLayout layout = {}) {
  std::size_t columns = titles.size();
  Image const* first = nullptr;
  for (auto const& row : rows) {
    columns = std::max(columns, row.size());
    for (Image const& tile : row) {
      if (first == nullptr) first = &tile;
      if (tile.width != first->width || tile.height != first->height || (tile.channels != 1 && tile.channels != 3))
        throw std::logic_error("berl::io::contact_sheet: the pictures must have one size, and 1 or 3 channels.");
    }
  }
  if (first == nullptr || layout.scale < 1 || layout.gap < 0)
    throw std::logic_error("berl::io::contact_sheet: no picture, or a negative layout.");
  int const gap = layout.gap, scale = layout.scale, across = first->width * scale + gap, down = first->height * scale + gap;
  int const caption = titles.empty() ? 0 : detail::letter_height * scale + gap;
  detail::check_size("berl::io::contact_sheet", static_cast<std::uint64_t>(across) * columns + static_cast<std::uint64_t>(gap),
                     static_cast<std::uint64_t>(down) * rows.size() + static_cast<std::uint64_t>(caption + gap));
  Image sheet = blank(across * static_cast<int>(columns) + gap, down * static_cast<int>(rows.size()) + caption + gap, 3);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), std::uint8_t{255});
  auto const letters = static_cast<std::size_t>(first->width / detail::letter_width);
  for (std::size_t k = 0; k < titles.size(); ++k) {
    auto const text = std::string_view(titles[k]).substr(0, letters);
    int const room = first->width * scale - static_cast<int>(text.size()) * detail::letter_width * scale;
    detail::write_text(sheet, gap, gap + static_cast<int>(k) * across + std::max(0, room) / 2, text, scale);
  }
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t k = 0; k < rows[r].size(); ++k)
      detail::paste(rows[r][k], gap + caption + static_cast<int>(r) * down, gap + static_cast<int>(k) * across, scale, sheet);
  return sheet;
}
}  // namespace berl::io
