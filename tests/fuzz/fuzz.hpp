#pragma once
#include <berl/core/error.hpp>  // Error

#include <unistd.h>  // getpid

#include <cstdint>
#include <cstdio>   // fopen
#include <cstdlib>  // abort
#include <span>
#include <string>
#include <string_view>

/// What the fuzz targets share: a target gets bytes and must end in a value or in one Error of one line.
namespace fuzz {
/// A file of this process that holds the bytes; in memory where the machine has /dev/shm.
inline std::string file(std::string const& ending, std::string_view bytes) {
  std::string const path = "/dev/shm/berl_fuzz_" + std::to_string(::getpid()) + ending;
  std::FILE* const out = std::fopen(path.c_str(), "wb");
  if (out == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), out) != bytes.size() || std::fclose(out) != 0) std::abort();
  return path;
}
inline std::string_view text(std::uint8_t const* data, std::size_t size) { return {reinterpret_cast<char const*>(data), size}; }

/// The part up to a line "====", which is removed from the rest: targets that read two files.
inline std::string_view part(std::string_view& rest) {
  constexpr std::string_view mark = "====\n";
  auto const end = rest.find(mark);
  auto const first = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + mark.size());
  return first;
}
/// body(), which may throw a berl::Error with a message of one line and nothing else.
template <class Body>
void guard(Body const& body) {
  try {
    body();
  } catch (berl::Error const& e) {
    std::string_view const what = e.what();
    if (what.find('\n') != std::string_view::npos || what.find("expected") == std::string_view::npos) std::abort();
  }
}
}  // namespace fuzz
