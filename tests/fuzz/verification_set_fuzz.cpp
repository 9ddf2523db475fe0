#include <berl/data/verification_set.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const path = fuzz::file(".bin", fuzz::text(data, size));
  fuzz::guard([&] {
    berl::data::VerificationSet const set(path);
    for (int i = 0; i < std::min(set.size(), 64); ++i) fuzz::guard([&] { (void)set.encoded(i); });
    for (int i = 0; i < std::min(set.size(), 4); ++i) fuzz::guard([&] { (void)set.load(i); });
  });
  return 0;
}
