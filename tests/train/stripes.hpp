#pragma once
#include <berl/core/error.hpp>
#include <berl/io/image.hpp>

#include <cstdint>
#include <string>

namespace berl::test {
/// People who are stripes; one picture may be damaged.
struct Stripes {
  int pictures = 10, people = 3, bad = -1;

  int size() const { return pictures; }
  int identities() const { return people; }
  int label(int i) const { return i % people; }
  std::string name(int i) const { return "stripes/" + std::to_string(i); }
  io::Image load(int i) const {
    if (i == bad) throw Error(name(i), "damage", "a picture", "Replace it.");
    auto picture = io::blank(112, 112, 3);
    for (std::size_t k = 0; k < picture.pixels.size(); ++k)
      picture.pixels[k] = static_cast<std::uint8_t>(k * static_cast<std::size_t>(i % people + 1) / 40 + static_cast<std::size_t>(i * 7));
    return picture;
  }
};
}  // namespace berl::test
