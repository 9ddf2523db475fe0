#include <berl/io/image.hpp>

#include "fuzz.hpp"

/// JPEG or PNG. A side beyond 2048 is left out: such a picture is right, and slow.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  for (std::size_t i = 0; i + 9 < size; ++i)
    if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xc2 && (data[i + 5] > 8 || data[i + 7] > 8)) return 0;
  if (size > 24 && data[1] == 'P' && (data[16] != 0 || data[17] != 0 || data[18] > 8 || data[20] != 0 || data[21] != 0 || data[22] > 8))
    return 0;
  fuzz::guard([&] { (void)berl::io::decode_image({data, size}, "picture"); });
  return 0;
}
