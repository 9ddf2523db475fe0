#include "network.hpp"

std::unique_ptr<Network> open_network(std::filesystem::path const& path, int threads, std::optional<Gpu> const& gpu) {
  if (!gpu) return open_network(path, threads);
  auto [file, info, kind] = read_network(path);
  return open_on_gpu(std::move(file), info, *gpu);
}
