#pragma once
#include <berl/io/face.hpp>
#include <berl/networks/initialise.hpp>
#include <berl/networks/iresnet.hpp>

#include <filesystem>
#include <span>
#include <vector>

namespace berl::test {
struct TinyBackbone : networks::IResNet<2, 2, 2, 2, 16, 112, 32> {};

/// A backbone with numbers of its own in every array, as a file.
inline void write_tiny(std::filesystem::path const& path) {
  nn::Weights<TinyBackbone::Trunk> trunk;
  nn::Weights<TinyBackbone::Top> top;
  io::SafeTensorsWriter writer;
  auto const one = [&](auto& params) {
    networks::initialise_backbone<float>(params, Seed{1});
    params.visit(
        [](Path const& path, auto& array) {
          Random random(named(Seed{2}, path.text));
          using S = typename std::remove_cvref_t<decltype(array)>::shape;
          if constexpr (S::rank == 1)
            for (int k = 0; k < S::size; ++k) array.value()[k] += static_cast<float>(random.uniform(-0.2, 0.2));
        },
        Path{});
    params.visit(nn::Each<float>(io::ArrayWriter(writer)), Path{});
  };
  one(trunk.params), one(top.params);
  writer.write(path);
}
inline std::vector<io::Image> tiny_pictures(int n) {
  std::vector<io::Image> all;
  for (int k = 0; k < n; ++k) {
    auto& image = all.emplace_back(io::blank(112, 112, 3));
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
      image.pixels[i] = static_cast<std::uint8_t>(i * static_cast<std::size_t>(k + 3) / 170);
  }
  return all;
}
/// What the host does, in a library of its own.
[[gnu::visibility("default")]] std::vector<std::vector<float>> embedded_by_the_host(std::filesystem::path const& path,
                                                                                    std::vector<io::Image> const& pictures, bool fused);
}  // namespace berl::test
