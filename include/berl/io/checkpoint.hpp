#pragma once
#include <berl/io/safetensors.hpp>    // SafeTensors, SafeTensorsWriter
#include <berl/io/settings_text.hpp>  // visit_settings
#include <berl/nn/array.hpp>          // Array, Each, extents_of

#include <cmath>  // isfinite
#include <filesystem>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>  // pair
#include <vector>

/// Parameters by name to and from one file. Names are InsightFace's for the backbone, and those of berl for the rest:
/// layer1.0.conv1.weight, fc.bias, head.weight (identities, D), head.t or what else the margin head keeps, iia.view.network.0.weight,
/// ira.depth.encoder.0.weight, and confidence.network.0.weight where the training had that option.
namespace berl::io {
inline constexpr char const* version = "0.1.0";

/// Given to nn::Each, puts every array into a file, and PyTorch's num_batches_tracked, which is 0, beside running variances.
class ArrayWriter {
 public:
  explicit ArrayWriter(SafeTensorsWriter& writer) : writer_(writer) {}

  template <class T>
  void operator()(nn::Array<T> const& array) {
    add(array.name, array.extents, std::span<T const>(array.values));
  }
  template <class T>
  void add(std::string const& name, Extents const& extents, std::span<T const> values) {
    writer_.add(name, extents, values);
    constexpr std::string_view variance = "running_var";
    if (name.ends_with(variance))
      writer_.add(name.substr(0, name.size() - variance.size()) + "num_batches_tracked", {}, std::vector<std::int64_t>{0});
  }

 private:
  SafeTensorsWriter& writer_;
};

/// Given to nn::Each, checks every array of a file; copy() then copies them all, so that nothing changes where one is wrong.
///   errors  Error, for the first array that is missing, has another shape, or holds a number that is not finite
template <class T>
class ArrayReader {
 public:
  explicit ArrayReader(SafeTensors const& file) : file_(file) {}

  void operator()(nn::Array<T> const& array) { check(array.name, array.extents, array.values); }
  void check(std::string const& name, Extents const& extents, std::span<T> to) {
    if (!file_.contains(name))
      throw Error(where(name), "no such array", "shape " + to_text(extents), "The file belongs to another network, or to none.");
    if (file_.shape(name) != extents)
      throw Error(where(name), "shape " + to_text(file_.shape(name)), to_text(extents), "The file belongs to another network or setting.");
    auto const values = file_.get<T>(name);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        throw Error(where(name), std::to_string(values[i]) + " at " + std::to_string(i), "numbers that are finite",
                    "The training that wrote it had diverged, or the file is damaged: take an older one.");
    targets_.emplace_back(name, to);
    names_.insert(name);
  }
  /// That the file holds nothing else but the parts whose names begin so: a deeper network has the arrays of a shallower one, and more.
  void expect_no_others(std::initializer_list<std::string_view> parts) const {
    for (std::string const& name : file_.names()) {
      bool known = names_.contains(name) || name.ends_with("num_batches_tracked");
      for (std::string_view const part : parts) known = known || name.starts_with(part);
      if (!known)
        throw Error(where(name), "an array of shape " + to_text(file_.shape(name)), "no array of that name",
                    "The file belongs to another network.");
    }
  }
  void copy() const {
    for (auto const& [name, to] : targets_) file_.copy_to(name, to);
  }

 private:
  [[nodiscard]] std::string where(std::string const& name) const { return file_.file() + ", array '" + name + "'"; }

  SafeTensors const& file_;
  std::vector<std::pair<std::string, std::span<T>>> targets_;
  std::set<std::string> names_;
};

/// What a checkpoint says of itself.
struct ModelInfo {
  std::string network;  ///< the name under which programs know the network
  int identities = 0;
  long step = 0;
  imaging::Settings imaging{};
  data::Resize resize{};  ///< how the auxiliary networks see the picture; bilinear where the file does not say
  std::string head{};     ///< the name of the margin head; empty where the file does not say
};

inline void write_info(SafeTensorsWriter& writer, ModelInfo const& info) {
  writer.metadata("berl", version);
  writer.metadata("network", info.network);
  writer.metadata("identities", std::to_string(info.identities));
  writer.metadata("step", std::to_string(info.step));
  visit_settings(info.imaging, [&](char const* name, auto const& value, char const*) {
    writer.metadata(std::string("imaging.") + name, to_text(value));
  });
  writer.metadata("resize", to_text(info.resize));
  if (!info.head.empty()) writer.metadata("head", info.head);
}

/// All parameters and buffers of a model (train::Parameters), written whole or not at all.
template <class T = float, class Parameters>
void save_model(std::filesystem::path const& path, Parameters& parameters, ModelInfo const& info, Previous previous = Previous::Keep) {
  SafeTensorsWriter writer;
  ArrayWriter arrays(writer);
  parameters.visit(nn::Each<T>(arrays));
  writer.metadata("format", "berl model");
  write_info(writer, info);
  writer.write(path, previous);
}

/// errors  Error, when the file is not berl's or its settings cannot be read
inline ModelInfo read_info(SafeTensors const& file) {
  if (!file.has_metadata("format") || !file.metadata("format").starts_with("berl "))
    throw Error(
        file.file(), "no mark of berl's in its metadata", "a checkpoint that `train` has written",
        "Give a model.safetensors of `train`. Weights of other programs can be loaded by name where the network is chosen by hand.");
  ModelInfo info;
  auto const read = [&](std::string const& key, auto& value) {
    std::string const& text = file.metadata(key);
    if (!from_text(text, value))
      throw Error(file.file() + ", metadata '" + key + "'", "'" + text + "'", expected_text<std::remove_cvref_t<decltype(value)>>(),
                  "The file is damaged or of another version of berl.");
  };
  read("network", info.network);
  read("identities", info.identities);
  read("step", info.step);
  visit_settings(info.imaging, [&](char const* name, auto& value, char const*) { read(std::string("imaging.") + name, value); });
  if (file.has_metadata("resize")) read("resize", info.resize);
  if (file.has_metadata("head")) info.head = file.metadata("head");
  return info;
}

/// Weights to begin a training with: the backbone; the auxiliary networks where the file has them; likewise the confidence network,
/// where it is trained; class weights and what else the head keeps where the file has as many identities and the same head.
/// Everything is checked before anything is changed.
template <class T, class Parameters>
void load_start(SafeTensors const& file, Parameters& parameters) {
  ArrayReader<T> arrays(file);
  nn::Each<T> const each(arrays);
  parameters.visit_backbone(each);
  auto const has = [&](std::string_view part) {
    for (std::string const& name : file.names())
      if (name.starts_with(part)) return true;
    return false;
  };
  if (has("iia.") || has("ira.")) parameters.visit_auxiliary(each);
  if (has("confidence.")) parameters.visit_confidence(each);
  bool const same_head = !file.has_metadata("head") || file.metadata("head") == parameters.head.layout.name;
  if (same_head && file.contains("head.weight") && file.shape("head.weight") == nn::extents_of(parameters.head.weight))
    parameters.head.visit(each, Path{"head"});
  arrays.expect_no_others({"head.", "attr.", "confidence."});
  arrays.copy();
}
}  // namespace berl::io
