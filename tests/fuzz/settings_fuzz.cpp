#include "fuzz.hpp"
#include "settings_file.hpp"  // read_config

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const path = fuzz::file(".toml", fuzz::text(data, size));
  fuzz::guard([&] {
    berl::train::Config config;
    read_config(config, path);
  });
  return 0;
}
