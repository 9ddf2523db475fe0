#include <berl/data/record_faces.hpp>

#include "fuzz.hpp"

/// .idx, a line "====", .rec
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto rest = fuzz::text(data, size);
  fuzz::file(".idx", fuzz::part(rest));
  auto const path = fuzz::file(".rec", rest);
  fuzz::guard([&] {
    berl::data::RecordFile const file(path);
    std::uint64_t content = 0;
    for (auto const& entry : file.entries()) {
      fuzz::guard([&] { (void)file.read(entry.key); });
      fuzz::guard([&] { (void)file.read_labels(entry.key, content); });
    }
  });
  fuzz::guard([&] {
    berl::data::RecordFaces const faces(path);
    for (int i = 0; i < std::min(faces.size(), 8); ++i) fuzz::guard([&] { (void)faces.load(i); });
  });
  return 0;
}
