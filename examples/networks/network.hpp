#pragma once
#include <berl/eval/explain.hpp>       // Explanation
#include <berl/io/graph.hpp>           // Graph, Norms
#include <berl/train/session.hpp>      // SessionOptions, Outcome
#include <berl/train/tap_network.hpp>  // TapNetwork

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "any_dataset.hpp"  // AnyDataset

/// A trained network whose kind is known at run time alone: all that programs do with one.
class Network {
 public:
  virtual ~Network() = default;
  /// One embedding for each picture (aligned, 112 x 112), or the sum with that of its mirror image; only the backbone is read and runs.
  virtual std::vector<std::vector<float>> embed(std::span<berl::io::Image const> pictures) const = 0;
  virtual std::vector<std::vector<float>> embed_fused(std::span<berl::io::Image const> pictures) const = 0;
  /// Depth, albedo, light and viewpoint of each picture.
  ///   errors  Error: the file has no auxiliary networks
  virtual std::vector<berl::eval::Explanation<>> explain(std::span<berl::io::Image const> pictures) const = 0;
  virtual berl::io::ModelInfo const& info() const = 0;
};

/// What stands on stage 3 when stage 4 is dropped: 40 attributes, from all of the tap or from the means of its channels; or the classes
/// of a pretext task.
enum class TapHead { attributes, pooled_attributes, rotation, jigsaw };

/// A kind of network that is compiled into the programs, and its numbers.
struct NetworkKind {
  std::string_view name, text;
  int embedding;
  std::int64_t backbone_parameters, auxiliary_parameters, confidence_parameters;
  std::int64_t trunk_macs, backbone_macs, auxiliary_macs, confidence_macs;  ///< multiply-adds for a picture
  std::size_t (*step_bytes)(berl::train::Sizes const& sizes);
  /// Trains as the options say, and writes their folder.
  berl::train::Outcome (*train)(AnyDataset const& pictures, berl::train::SessionOptions const& options);
  /// Stem to stage 3 under such a head, freshly initialised; null where it is no face network.
  std::unique_ptr<berl::train::TapNetwork> (*tap)(TapHead head, berl::train::TapOptions const& options);
  std::unique_ptr<Network> (*open)(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, int threads);
  /// The backbone for programs that are not berl's; null likewise.
  berl::io::Graph (*graph)(berl::io::SafeTensors const& file, berl::io::Norms norms);
};

/// A GPU, and in what precision it multiplies.
struct Gpu {
  int number = 0;
  berl::Precision precision = berl::Precision::fp32;
};

/// All kinds, smallest first.
std::span<NetworkKind const* const> network_kinds();
/// errors  Error, for a name that is none of theirs
NetworkKind const& network_kind(std::string_view name);
/// Trains the network of the options on a GPU as NetworkKind::train does on the host.
///   errors  Error: a program without CUDA, no GPU, a head or an option that is the host's alone
[[gnu::visibility("default")]] berl::train::Outcome train_on_gpu(AnyDataset const& pictures, berl::train::SessionOptions const& options);
/// Opens a network on a GPU as NetworkKind::open does on the host.
///   errors  likewise, but for the head; arrays of other shapes
[[gnu::visibility("default")]] std::unique_ptr<Network> open_on_gpu(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info,
                                                                    Gpu const& gpu);

/// A file of weights and the network that they are of: a model.safetensors of `train`, or a backbone in any file that io::read_weights
/// takes, whose kind is told by its number of weights.
struct NetworkFile {
  berl::io::SafeTensors file;
  berl::io::ModelInfo info;
  NetworkKind const* kind;
};
/// errors  Error: no such file, damaged, of a kind that is not compiled in
NetworkFile read_network(std::filesystem::path const& path);
/// errors  as read_network; arrays of other shapes
std::unique_ptr<Network> open_network(std::filesystem::path const& path, int threads = 1);
/// On the GPU, where there is one to run on. Only programs that call this need what is compiled for GPUs.
///   errors  likewise; as open_on_gpu
std::unique_ptr<Network> open_network(std::filesystem::path const& path, int threads, std::optional<Gpu> const& gpu);
