#pragma once
#include <berl/core/error.hpp>  // Error, excerpt

#include <charconv>  // from_chars
#include <cmath>     // isfinite
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>  // errc
#include <type_traits>   // is_floating_point_v
#include <utility>       // move
#include <vector>

namespace berl::data {
namespace detail {
inline constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
/// The whole of the text as a T, finite where T is a floating type.
template <class T = double>
std::optional<T> number(std::string_view text) {
  T value{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value)) return std::nullopt;
  return value;
}
/// The beginning of a foreign text, in quotes, as part of a message.
inline std::string quoted(std::string_view foreign) {
  std::string text = "\"";
  text += excerpt(foreign);
  return text += '"';
}
}  // namespace detail

/// The lines of a text file, one at a time and without the blanks at their ends; empty ones are passed over, and so is the mark that
/// some editors put before the first. Memory: one line, which may have 65,534 bytes.
///   for (Lines lines(path, "one path a line"); lines.next();) use(lines.text());
///   errors  Error with file and line: no file that can be read, a longer line, a disk that fails
class Lines {
 public:
  /// `expected` says what the file should be, for errors.
  Lines(std::string path, std::string expected) : path_(std::move(path)), expected_(std::move(expected)), file_(path_, std::ios::binary) {
    if (!file_) throw Error(path_, "no file that can be read", expected_, "Check the path and its permissions.");
  }

  /// False at the end of the file.
  bool next() {
    for (;;) {
      file_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      auto const n = static_cast<std::size_t>(file_.gcount());
      if (file_.bad()) throw Error(path_, "a read error", expected_, "Check the disk, or fetch the file again.");
      if (file_.eof() && n == 0) return false;
      ++line_;
      if (file_.fail() && !file_.eof())
        throw Error(where(), "a line of more than " + std::to_string(n) + " bytes", expected_, "The file is damaged or of another kind.");
      text_ = {buffer_.data(), file_.eof() ? n : n - 1};
      if (line_ == 1 && text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
      text_ = detail::trimmed(text_);
      if (!text_.empty()) return true;
    }
  }
  std::string_view text() const { return text_; }  ///< valid until next()
  int line() const { return line_; }               ///< from 1
  std::string where() const { return path_ + ", line " + std::to_string(line_); }
  std::string const& path() const { return path_; }
  std::string const& expected() const { return expected_; }

  /// The line's fields: between any number of blanks, or between separators such as a comma, without the blanks around.
  std::vector<std::string_view> const& fields(char separator = ' ') {
    fields_.clear();
    std::string_view rest = text_;
    if (separator != ' ') {
      for (std::size_t end = 0; end != std::string_view::npos;) {
        end = rest.find(separator);
        fields_.push_back(detail::trimmed(rest.substr(0, end)));
        if (end != std::string_view::npos) rest.remove_prefix(end + 1);
      }
      return fields_;
    }
    while (!rest.empty()) {
      std::size_t end = 0;
      while (end < rest.size() && !detail::is_blank(rest[end])) ++end;
      fields_.push_back(rest.substr(0, end));
      rest = detail::trimmed(rest.substr(end));
    }
    return fields_;
  }
  /// The same, where there must be so many.
  std::vector<std::string_view> const& exactly(std::size_t count, char separator = ' ') {
    if (fields(separator).size() != count)
      throw Error(where(), std::to_string(fields_.size()) + " fields", std::to_string(count) + ": " + expected_,
                  separator == ',' ? "Correct the line; a path must not contain a comma." : "Correct the line.");
    return fields_;
  }
  /// Field i of the last fields() or exactly() as a T.
  template <class T>
  T number(std::size_t i, std::string const& what) const {
    auto const value = detail::number<T>(fields_.at(i));
    if (!value) throw Error(where() + ", field " + std::to_string(i + 1), detail::quoted(fields_[i]), what, "Correct the line.");
    return *value;
  }

 private:
  std::string path_, expected_;
  std::ifstream file_;
  std::vector<char> buffer_ = std::vector<char>(65536);
  std::string_view text_;
  std::vector<std::string_view> fields_;
  int line_ = 0;
};
}  // namespace berl::data
