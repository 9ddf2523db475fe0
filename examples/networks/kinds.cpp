#include "kinds.hpp"

#include <berl/io/weights.hpp>  // read_weights

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

namespace {
/// The kind with as many weights as a file has, the running statistics of norms left out.
NetworkKind const& kind_of(berl::io::SafeTensors const& file) {
  std::int64_t weights = 0;
  for (std::string const& name : file.names())
    if (name.find("running_") == std::string::npos && !name.ends_with("num_batches_tracked"))
      weights += static_cast<std::int64_t>(file.size(name));
  std::string sizes;
  for (NetworkKind const* const kind : all) {
    if (kind->graph == nullptr) continue;
    if (kind->backbone_parameters == weights) return *kind;
    sizes += (sizes.empty() ? "" : ", ") + std::string(kind->name) + " with " + std::to_string(kind->backbone_parameters);
  }
  throw berl::Error(file.file(), std::to_string(weights) + " weights and no word of the network that they are of",
                    "a model.safetensors of `train`, or the backbone of one of " + sizes,
                    "Give the weights of one of these backbones, or add a unit to examples/networks.");
}
}  // namespace

NetworkFile read_network(std::filesystem::path const& path) {
  auto file = berl::io::read_weights(path);
  if (!file.has_metadata("format") || !file.metadata("format").starts_with("berl ")) {
    auto const& kind = kind_of(file);
    return {std::move(file), {.network = std::string(kind.name)}, &kind};
  }
  auto info = berl::io::read_info(file);
  if (file.metadata("format") != "berl model")
    throw berl::Error(path.string(), "a " + file.metadata("format"), "a berl model", "Give the model.safetensors that stands beside it.");
  auto const& kind = network_kind(info.network);
  return {std::move(file), std::move(info), &kind};
}

std::unique_ptr<Network> open_network(std::filesystem::path const& path, int threads) {
  auto [file, info, kind] = read_network(path);
  return kind->open(std::move(file), info, threads);
}
