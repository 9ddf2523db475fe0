#pragma once
#include <stdexcept>  // runtime_error
#include <string>
#include <string_view>

namespace berl {
/// What went wrong with something that the caller handed over: a file, a picture, a setting.
/// The text reads "WHERE: found FOUND; expected EXPECTED. REMEDY", in one line: control characters in what files say become '?'.
class Error : public std::runtime_error {
 public:
  Error(std::string const& where, std::string const& found, std::string const& expected, std::string const& remedy)
      : std::runtime_error(one_line(where + ": found " + found + "; expected " + expected + ". " + remedy)) {}

 private:
  static std::string one_line(std::string text) {
    for (char& c : text)
      if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
    return text;
  }
};

/// The beginning of a foreign text, as part of a message: whoever wrote it may have written a gigabyte.
inline std::string excerpt(std::string_view foreign, std::size_t most = 80) {
  std::string text(foreign.substr(0, most));
  if (foreign.size() > most) text += "...";
  return text;
}
}  // namespace berl
