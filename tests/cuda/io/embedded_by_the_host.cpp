#include "embedded.hpp"

namespace berl::test {
std::vector<std::vector<float>> embedded_by_the_host(std::filesystem::path const& path, std::vector<io::Image> const& pictures,
                                                     bool fused) {
  auto const face = load<TinyBackbone>(path);
  return fused ? face.embed(pictures, FlipFused{}) : face.embed(pictures);
}
}  // namespace berl::test
