#pragma once
#include <stdexcept>  // runtime_error
#include <string>

namespace berl {
/// What went wrong with something that the caller handed over: a file, a picture, a setting.
/// The text reads "WHERE: found FOUND; expected EXPECTED. REMEDY", in one line.
class Error : public std::runtime_error {
 public:
  Error(std::string const& where, std::string const& found, std::string const& expected, std::string const& remedy)
      : std::runtime_error(where + ": found " + found + "; expected " + expected + ". " + remedy) {}
};
}  // namespace berl
