#include "lists.hpp"

#include "fuzz.hpp"

/// Which reader, as a digit or letter in the first byte; the rest is its file, or two files with a line "====" between them.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto rest = fuzz::text(data + 1, size - 1);
  auto const a = fuzz::file(".a", fuzz::part(rest)), b = fuzz::file(".b", rest);
  fuzz::guard([&] { (void)fuzz::read_list(static_cast<char>(data[0]), a, b); });
  return 0;
}
