#include <berl/io/ir_layout.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const path = fuzz::file(".safetensors", fuzz::text(data, size));
  fuzz::guard([&] {
    auto const file = berl::io::SafeTensors::read(path);
    if (berl::io::has_ir_layout(file)) fuzz::guard([&] { (void)berl::io::from_ir_layout(file); });
    for (auto const& name : file.names()) {
      fuzz::guard([&] { (void)file.get<float>(name); });
      fuzz::guard([&] { (void)file.get<std::int64_t>(name); });
    }
  });
  return 0;
}
