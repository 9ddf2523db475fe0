#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/io/safetensors.hpp>  // SafeTensors

#include <array>
#include <cstring>  // memcpy
#include <list>
#include <new>  // align_val_t
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>  // pair
#include <vector>

namespace berl::io {
namespace detail {
/// The arrays of a file in the IR layout by the names of InsightFace, and those that the layout lacks.
class IrArrays {
 public:
  struct Array {
    std::string name;
    DType type;
    Extents shape;
    std::span<std::byte const> bytes;
  };

  explicit IrArrays(SafeTensors const& file) : file_(file) {
    take("input_layer.", {"conv1", "bn1", "prelu"}, "");
    for (std::int64_t stage = 0, in_stage = 0, block = 0, last = -1;; ++block, ++in_stage) {
      std::string const theirs = "body." + std::to_string(block) + ".", conv = theirs + "res_layer.1.weight";
      if (!file_.contains(conv)) break;
      auto const& shape = file_.shape(conv);
      if (shape.size() != 4 || file_.size(conv) == 0) throw other(conv);
      if (shape[0] != last) last = shape[0], ++stage, in_stage = 0;
      std::string const ours = "layer" + std::to_string(stage) + "." + std::to_string(in_stage) + ".";
      take(theirs + "res_layer.", {"bn1", "conv1", "prelu", "conv2", "bn3"}, ours);
      add_norm(ours + "bn2", last);
      bool const has_shortcut = take(theirs + "shortcut_layer.", {"downsample.0", "downsample.1"}, ours);
      if (in_stage == 0 && !has_shortcut && shape[0] == shape[1]) {
        auto const n = static_cast<std::size_t>(last);
        std::vector<float> unit(n * n);
        for (std::size_t i = 0; i < n; ++i) unit[i * n + i] = 1;
        add(ours + "downsample.0.weight", {last, last, 1, 1}, std::move(unit));
        add_norm(ours + "downsample.1", last);
      }
    }
    take("output_layer.", {"bn2", "", "", "fc", "features"}, "");
    std::string const last = "output_layer.4.", mean = last + "running_mean";
    for (auto const& [name, value] : {std::pair{"weight", 1.0f}, {"bias", 0.0f}})
      if (file_.contains(mean) && !file_.contains(last + name))
        add(std::string("features.") + name, file_.shape(mean), std::vector<float>(file_.size(mean), value));
    for (std::string const& name : file_.names())
      if (!taken_.contains(name)) throw other(name);
  }
  std::vector<Array> arrays;

 private:
  /// All that layers 0, 1, ... of theirs have; whether there is any.
  bool take(std::string const& theirs, std::vector<std::string_view> const& layers, std::string const& ours) {
    static constexpr std::array<char const*, 5> ends{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"};
    bool any = false;
    for (std::size_t k = 0; k < layers.size(); ++k)
      for (std::string const end : ends) {
        std::string const name = theirs + std::to_string(k) + "." + end;
        if (layers[k].empty() || !file_.contains(name)) continue;
        arrays.push_back({ours + std::string(layers[k]) + "." + end, file_.dtype(name), file_.shape(name), file_.bytes(name)});
        taken_.insert(name);
        any = true;
      }
    return any;
  }
  void add(std::string const& name, Extents const& shape, std::vector<float> values) {
    auto const& kept = added_.emplace_back(std::move(values));
    arrays.push_back({name, DType::F32, shape, std::as_bytes(std::span(kept))});
  }
  /// A norm that gives what it takes.
  void add_norm(std::string const& name, std::int64_t channels) {
    for (auto const& [array, value] : {std::pair{"weight", 1.0f}, {"bias", 0.0f}, {"running_mean", 0.0f}, {"running_var", 1 - 1e-5f}})
      add(name + "." + array, {channels}, std::vector<float>(static_cast<std::size_t>(channels), value));
  }
  [[nodiscard]] Error other(std::string const& name) const {
    return {file_.file() + ", array '" + name.substr(0, 80) + "'", "shape " + to_text(file_.shape(name)),
            "the layers of CurricularFace's IR networks alone, blocks of BN, conv, PReLU, conv, BN",
            "Blocks with one norm more, or with squeeze and excitation, are those of other networks, which berl does not have."};
  }

  SafeTensors const& file_;
  std::set<std::string> taken_;
  std::list<std::vector<float>> added_;
};
}  // namespace detail

/// Whether a file has the names of CurricularFace's backbones.
inline bool has_ir_layout(SafeTensors const& file) { return file.contains("input_layer.0.weight"); }

/// The weights of CurricularFace's backbones (huang2020; IR-101 as R100, IR-50 as R50) under the names of InsightFace:
///   input_layer.{0, 1, 2}               conv1, bn1, prelu
///   body.K.res_layer.{0, 1, 2, 3, 4}    layerS.k.{bn1, conv1, prelu, conv2, bn3}; K counts all blocks, S changes with the channels
///   (no norm between conv1 and prelu)   layerS.k.bn2: mean 0, variance 1 - eps, weight 1, bias 0
///   body.K.shortcut_layer.{0, 1}        layerS.k.downsample.{0, 1}
///   (every other pixel, in block 0)     layer1.0.downsample: the unit matrix, and a norm like bn2
///   output_layer.{0, 3, 4}              bn2, fc, features; weight 1 and bias 0 where the last has none
/// What is added changes no bit: 1 - eps, as a float, plus eps has the root 1 - 7e-9, which as a float is 1. There is no way back, since
/// a trained bn2, or downsample of layer1.0, has no place in that layout.
///   errors  Error, for an array that is none of these: a block with one norm more, or with squeeze and excitation
inline SafeTensors from_ir_layout(SafeTensors const& file) {
  detail::IrArrays const ir(file);
  SafeTensors result;
  result.file_ = file.file_;
  result.metadata_ = file.metadata_;
  std::size_t bytes = 0;
  for (auto const& a : ir.arrays) {
    result.entries_.emplace(a.name, SafeTensors::Entry{a.type, a.shape, bytes, a.bytes.size() / info(a.type).bytes});
    result.names_.push_back(a.name);
    bytes += (a.bytes.size() + 7) / 8 * 8;
  }
  result.data_.reset(static_cast<std::byte*>(::operator new[](bytes + 1, std::align_val_t{64})));
  for (auto const& a : ir.arrays)
    if (!a.bytes.empty()) std::memcpy(result.data_.get() + result.entries_.at(a.name).begin, a.bytes.data(), a.bytes.size());
  return result;
}
}  // namespace berl::io
