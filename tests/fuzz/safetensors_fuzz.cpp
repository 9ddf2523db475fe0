#include <berl/io/safetensors.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const path = fuzz::file(".safetensors", fuzz::text(data, size));
  fuzz::guard([&] {
    auto const file = berl::io::SafeTensors::read(path);
    for (auto const& name : file.names()) {
      fuzz::guard([&] { (void)file.get<float>(name); });
      fuzz::guard([&] { (void)file.get<std::int64_t>(name); });
    }
  });
  return 0;
}
