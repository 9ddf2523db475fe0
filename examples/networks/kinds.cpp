#include "kinds.hpp"

namespace {
constexpr NetworkKind const* all[] = {&r18_quarter, &r18, &r50, &r100, &unsup3d_quarter};
}

std::span<NetworkKind const* const> network_kinds() { return all; }

NetworkKind const& network_kind(std::string_view name) {
  std::string names;
  for (NetworkKind const* const kind : all) {
    if (kind->name == name) return *kind;
    names += (names.empty() ? "" : ", ") + std::string(kind->name);
  }
  throw berl::Error("network", "'" + std::string(name) + "'", "one of " + names, "Choose one of them, or add a unit to examples/networks.");
}

std::unique_ptr<Network> open_network(std::filesystem::path const& path, int threads) {
  auto file = berl::io::SafeTensors::read(path);
  auto const info = berl::io::read_info(file);
  if (file.metadata("format") != "berl model")
    throw berl::Error(path.string(), "a " + file.metadata("format"), "a berl model", "Give the model.safetensors that stands beside it.");
  return network_kind(info.network).open(std::move(file), info, threads);
}
