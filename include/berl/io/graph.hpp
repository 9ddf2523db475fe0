#pragma once
#include <berl/io/backbone.hpp>     // read_backbone, read_folded_backbone
#include <berl/io/safetensors.hpp>  // Extents
#include <berl/nn/array.hpp>        // Each
#include <berl/nn/conv2d.hpp>       // Conv2d
#include <berl/nn/dropout.hpp>      // Dropout
#include <berl/nn/linear.hpp>       // Linear
#include <berl/nn/norm.hpp>         // BatchNorm
#include <berl/nn/prelu.hpp>        // PReLU

#include <array>
#include <filesystem>
#include <memory>  // shared_ptr
#include <span>
#include <string>
#include <utility>  // move
#include <vector>

/// A network in evaluation mode as a list at run time: for files that other programs run.
namespace berl::io {
/// An array under the name by which it is saved.
struct NamedArray {
  std::string name;
  Extents shape;
  std::span<float const> values;
};

/// One step of a network. Value 0 is the picture, and value k + 1 is what operation k gives.
struct Operation {
  enum class Kind { convolution, linear, norm, prelu, add };
  Kind kind;
  std::string name{};              ///< layer1.0.conv1
  int x = 0, other = -1;           ///< the values that it reads; `other` where two are added
  std::array<int, 3> in{}, out{};  ///< channels, height, width
  int kernel = 1, stride = 1, padding = 0;
  std::vector<NamedArray> arrays{};  ///< in the layer's order: weight; bias where it has one; running mean and variance of a norm
};
/// Whether batch norms are part of the convolutions before them.
enum class Norms { kept, folded };

struct Graph {
  std::array<int, 3> input{};  ///< of the picture
  std::vector<Operation> operations{};
  std::shared_ptr<void const> weights{};  ///< keeps what the arrays refer to

  [[nodiscard]] int embedding() const { return operations.back().out[0]; }
  [[nodiscard]] std::size_t parameters() const {
    std::size_t n = 0;
    for (auto const& o : operations)
      for (auto const& a : o.arrays) n += a.values.size();
    return n;
  }
};

namespace detail {
template <int C, int H, int W>
constexpr std::array<int, 3> sides(Shape<C, H, W>) {
  return {C, H, W};
}
template <int N>
constexpr std::array<int, 3> sides(Shape<N>) {
  return {N, 1, 1};
}

/// What a layer is in a graph.
template <class L>
struct OperationOf {
  static_assert(sizeof(L) == 0,
                "berl::io::Graph: there is no operation for this layer. Add a specialisation of OperationOf, and the operation to what "
                "reads graphs.");
};
template <int C, int M, int K, int S, int P, class B>
struct OperationOf<nn::Conv2d<C, M, K, S, P, B>> {
  static Operation make() { return {.kind = Operation::Kind::convolution, .kernel = K, .stride = S, .padding = P}; }
};
template <int I, int O, class B>
struct OperationOf<nn::Linear<I, O, B>> {
  static Operation make() { return {.kind = Operation::Kind::linear}; }
};
template <int C, class R>
struct OperationOf<nn::BatchNorm<C, R>> {
  static Operation make() { return {.kind = Operation::Kind::norm}; }
};
template <int C>
struct OperationOf<nn::PReLU<C>> {
  static Operation make() { return {.kind = Operation::Kind::prelu}; }
};

template <nn::Name name, class L>
constexpr char const* name_of(nn::Named<name, L>) {
  return name.text;  // the template argument lives as long as the program
}

/// Puts a network of layers L behind value x; the number of the value that it gives.
template <class L, class In>
int append(Graph& graph, nn::ParamsOf<L, float, Host>& params, Path const& path, int x);

template <class L, class In, int I>
int append_from(Graph& graph, nn::ParamsOf<L, float, Host>& params, Path const& path, int x, int number) {
  if constexpr (I == L::layers::size) {
    return x;
  } else {
    using Entry = nn::layer_of<L, I>;
    auto& own = params.template at<I>();
    if constexpr (nn::IsRepeat<Entry>) {
      for (auto& one : own.layers) x = append<typename Entry::layer, In>(graph, one, path / number++, x);
    } else if constexpr (nn::IsNamed<Entry>) {
      x = append<Entry, In>(graph, own, path, x);
    } else {
      x = append<Entry, In>(graph, own, path / number++, x);
    }
    return append_from<L, nn::OutputOf<Entry, In>, I + 1>(graph, params, path, x, number);
  }
}

template <class L, class In>
int append(Graph& graph, nn::ParamsOf<L, float, Host>& params, Path const& path, int x) {
  auto const push = [&](Operation&& operation) {
    operation.name = path.text;
    operation.x = x;
    operation.in = sides(In{});
    operation.out = sides(nn::OutputOf<L, In>{});
    graph.operations.push_back(std::move(operation));
    return static_cast<int>(graph.operations.size());
  };
  if constexpr (nn::IsSequential<L>) {
    return append_from<L, In, 0>(graph, params, path, x, 0);
  } else if constexpr (nn::IsRepeat<L>) {
    for (int k = 0; k < L::times; ++k) x = append<typename L::layer, In>(graph, params.layers[k], path / k, x);
    return x;
  } else if constexpr (nn::IsNamed<L>) {
    return append<typename L::layer, In>(graph, params.named, path / name_of(L{}), x);
  } else if constexpr (nn::IsResidual<L>) {
    int const body = append<typename L::body, In>(graph, params.body, path, x);
    constexpr bool has_name = nn::IsNamed<typename L::shortcut>;  // folded, it has none
    int const shortcut = append<typename L::shortcut, In>(graph, params.shortcut, has_name ? path : path / "shortcut", x);
    x = body;
    return push({.kind = Operation::Kind::add, .other = shortcut});
  } else if constexpr (std::is_same_v<L, nn::Identity> || nn::detail::drops<L>) {
    return x;
  } else {
    Operation operation = OperationOf<L>::make();
    params.visit(nn::Each<float>([&](nn::Array<float> const& array) {
                   operation.arrays.push_back({array.name, array.extents, array.values});
                 }),
                 path);
    return push(std::move(operation));
  }
}

template <class B, class Weights, class Trunk, class Top>
Graph backbone_graph(std::shared_ptr<Weights> weights, Path const& trunk, Path const& top) {
  using Tap = nn::OutputOf<typename B::Trunk, typename B::Input>;
  Graph graph{.input = sides(typename B::Input{})};
  int const tap = append<Trunk, typename B::Input>(graph, weights->trunk, trunk, 0);
  append<Top, Tap>(graph, weights->top, top, tap);
  graph.weights = std::move(weights);
  return graph;
}
}  // namespace detail

/// The backbone in a file: picture in [-1, 1] to embedding, which is not normalised. Arrays have the names of InsightFace, or, folded,
/// numbers below "trunk" and "top".
///   errors  as read_backbone
template <class B>
Graph backbone_graph(SafeTensors const& file, Norms norms) {
  if (norms == Norms::kept)
    return detail::backbone_graph<B, WeightsOf<B, float>, typename B::Trunk, typename B::Top>(read_backbone<B, float>(file), {}, {});
  return detail::backbone_graph<B, FoldedWeightsOf<B, float>, nn::Folded<typename B::Trunk>, nn::Folded<typename B::Top>>(
      read_folded_backbone<B, float>(file), {"trunk"}, {"top"});
}

/// The arrays of a graph, norms kept, as a safetensors file that PyTorch's networks of these names take by load_state_dict.
///   errors  as AtomicFile
inline void write_weights(std::filesystem::path const& path, Graph const& graph, std::string const& network) {
  SafeTensorsWriter writer;
  ArrayWriter arrays(writer);
  for (auto const& operation : graph.operations)
    for (auto const& array : operation.arrays) arrays.add(array.name, array.shape, array.values);
  writer.metadata("berl", version);
  writer.metadata("network", network);
  writer.write(path);
}
}  // namespace berl::io
