#include <berl/io/pth.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const path = fuzz::file(".pth", fuzz::text(data, size));
  fuzz::guard([&] {
    auto const file = berl::io::read_pth(path);
    for (auto const& name : file.names()) fuzz::guard([&] { (void)file.get<float>(name); });
  });
  return 0;
}
