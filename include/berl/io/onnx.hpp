#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/graph.hpp>        // Graph
#include <berl/io/protobuf.hpp>     // ProtoMessage

#include <filesystem>
#include <initializer_list>
#include <string>

namespace berl::io {
namespace detail {
/// The messages of ONNX (https://github.com/onnx/onnx, onnx.proto), whose fields have these numbers.
class OnnxGraph {
 public:
  explicit OnnxGraph(Graph const& graph) : graph_(graph) {
    for (std::size_t k = 0; k < graph.operations.size(); ++k) add(graph.operations[k], value(static_cast<int>(k) + 1));
    message_.text(2, "backbone");
    for (auto const& operation : graph.operations)
      for (auto const& array : operation.arrays) message_.message(5, tensor(array, operation.kind == Operation::Kind::prelu));
    auto const& in = graph.input;
    message_.message(11, described("picture", {in[0], in[1], in[2]}));
    message_.message(12, described("embedding", {graph.embedding()}));
  }
  ProtoMessage take() { return std::move(message_); }

 private:
  using Kind = Operation::Kind;
  static ProtoMessage attribute(char const* name, int type, auto const& fill) {
    ProtoMessage a;
    a.text(1, name);
    fill(a);
    a.integer(20, static_cast<std::uint64_t>(type));
    return a;
  }
  static ProtoMessage integer(char const* name, int value) {
    return attribute(name, 2, [&](ProtoMessage& a) { a.integer(3, static_cast<std::uint64_t>(value)); });
  }
  static ProtoMessage integers(char const* name, std::initializer_list<int> values) {
    return attribute(name, 7, [&](ProtoMessage& a) {
      for (int const v : values) a.integer(8, static_cast<std::uint64_t>(v));
    });
  }
  static ProtoMessage real(char const* name, float value) {
    return attribute(name, 1, [&](ProtoMessage& a) { a.real(2, value); });
  }
  static ProtoMessage tensor(NamedArray const& array, bool per_channel_of_map) {
    ProtoMessage t;
    for (std::int64_t const n : array.shape) t.integer(1, static_cast<std::uint64_t>(n));
    if (per_channel_of_map) t.integer(1, 1), t.integer(1, 1);  // (C, 1, 1), which reaches over pixels
    t.integer(2, 1);                                           // float32
    t.text(8, array.name);
    t.borrowed(9, std::as_bytes(array.values));
    return t;
  }
  /// A float array (N, extents...).
  static ProtoMessage described(char const* name, std::initializer_list<int> extents) {
    ProtoMessage shape, batch, array, type, all;
    batch.text(2, "N");
    shape.message(1, std::move(batch));
    for (int const n : extents) {
      ProtoMessage dimension;
      dimension.integer(1, static_cast<std::uint64_t>(n));
      shape.message(1, std::move(dimension));
    }
    array.integer(1, 1);
    array.message(2, std::move(shape));
    type.message(1, std::move(array));
    all.text(1, name);
    all.message(2, std::move(type));
    return all;
  }
  [[nodiscard]] std::string value(int k) const {
    if (k == 0) return "picture";
    return k == static_cast<int>(graph_.operations.size()) ? "embedding" : "value" + std::to_string(k);
  }
  void node(std::string const& name, char const* type, std::vector<std::string> const& from, std::string const& to,
            std::initializer_list<ProtoMessage> attributes = {}) {
    ProtoMessage n;
    for (auto const& input : from) n.text(1, input);
    n.text(2, to);
    n.text(3, name);
    n.text(4, type);
    for (ProtoMessage a : attributes) n.message(5, std::move(a));
    message_.message(1, std::move(n));
  }
  void add(Operation const& o, std::string const& to) {
    std::vector<std::string> from{value(o.x)};
    for (auto const& array : o.arrays) from.push_back(array.name);
    int const K = o.kernel, S = o.stride, P = o.padding;
    switch (o.kind) {
      case Kind::convolution:
        return node(o.name, "Conv", from, to,
                    {integers("kernel_shape", {K, K}), integers("strides", {S, S}), integers("pads", {P, P, P, P})});
      case Kind::norm:  // weight, bias, mean, variance, in this order in ONNX too
        return node(o.name, "BatchNormalization", from, to, {real("epsilon", static_cast<float>(nn::BatchNorm<1>::eps))});
      case Kind::prelu: return node(o.name, "PRelu", from, to);
      case Kind::add: return node(o.name + ".add", "Add", {value(o.x), value(o.other)}, to);
      case Kind::linear:
        node(o.name + ".flat", "Flatten", {value(o.x)}, to + ".flat", {integer("axis", 1)});
        from[0] = to + ".flat";
        return node(o.name, "Gemm", from, to, {integer("transB", 1)});
    }
  }

  Graph const& graph_;
  ProtoMessage message_;
};
}  // namespace detail

/// The network as an ONNX file: IR version 8, operator set 17, float32; Conv, BatchNormalization, PRelu, Add, Flatten and Gemm alone.
///   shapes  picture (N, 3, H, W) in [-1, 1] -> embedding (N, D), not normalised; N is any
///   errors  Error: more than the 2 GiB of a protobuf message; as AtomicFile
inline void write_onnx(std::filesystem::path const& path, Graph const& graph, std::string const& network) {
  ProtoMessage model, operators;
  model.integer(1, 8);
  model.text(2, "berl");
  model.text(3, version);
  model.text(6, network + ", a face recognition backbone: picture (N, 3, " + std::to_string(graph.input[1]) + ", " +
                    std::to_string(graph.input[2]) + "), RGB, aligned, (byte - 127.5) / 127.5; embedding (N, " +
                    std::to_string(graph.embedding()) + "), not normalised.");
  model.message(7, detail::OnnxGraph(graph).take());
  operators.text(1, "");
  operators.integer(2, 17);
  model.message(8, std::move(operators));
  if (model.size() >= std::size_t{1} << 31)
    throw Error(path.string(), "a network of " + std::to_string(model.size()) + " bytes", "less than 2 GiB, the limit of ONNX files",
                "Export it as safetensors.");
  AtomicFile file(path);
  model.write_to([&](auto bytes) { file.write(bytes); });
  file.commit();
}
}  // namespace berl::io
