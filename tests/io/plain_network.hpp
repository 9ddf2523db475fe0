#pragma once
#include <berl/io/graph.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "golden_plain.hpp"  // filled

/// Networks run by the definitions of their layers, in double and without the library's own layers.
namespace plain {
using Values = std::vector<double>;
struct Map {
  int channels, height, width;
  Values v;
  double& at(int c, int y, int x) { return v[static_cast<std::size_t>((c * height + y) * width + x)]; }
  double at(int c, int y, int x) const { return v[static_cast<std::size_t>((c * height + y) * width + x)]; }
};
inline Map blank(int channels, int height, int width) {
  return {channels, height, width, Values(static_cast<std::size_t>(channels * height * width))};
}

inline Map conv(Map const& x, Values const& w, Values const& bias, int K, int S, int P) {
  int const M = static_cast<int>(w.size()) / (x.channels * K * K);
  Map y = blank(M, (x.height + 2 * P - K) / S + 1, (x.width + 2 * P - K) / S + 1);
  for (int m = 0; m < M; ++m)
    for (int v = 0; v < y.height; ++v)
      for (int u = 0; u < y.width; ++u) {
        double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(m)];
        for (int c = 0; c < x.channels; ++c)
          for (int i = 0; i < K; ++i)
            for (int j = 0; j < K; ++j) {
              int const row = v * S + i - P, column = u * S + j - P;
              if (row >= 0 && row < x.height && column >= 0 && column < x.width)
                sum += w[static_cast<std::size_t>(((m * x.channels + c) * K + i) * K + j)] * x.at(c, row, column);
            }
        y.at(m, v, u) = sum;
      }
  return y;
}
inline Map each(Map x, auto const& f) {
  std::size_t const plane = x.v.size() / static_cast<std::size_t>(x.channels);
  for (std::size_t i = 0; i < x.v.size(); ++i) x.v[i] = f(x.v[i], i / plane);
  return x;
}
inline Map norm(Map const& x, Values const& weight, Values const& bias, Values const& mean, Values const& variance) {
  return each(x, [&](double a, std::size_t c) { return weight[c] * (a - mean[c]) / std::sqrt(variance[c] + 1e-5) + bias[c]; });
}
inline Map prelu(Map const& x, Values const& slope) {
  return each(x, [&](double a, std::size_t c) { return a > 0 ? a : slope[c] * a; });
}
inline Map add(Map a, Map const& b) {
  for (std::size_t i = 0; i < a.v.size(); ++i) a.v[i] += b.v[i];
  return a;
}
inline Map linear(Map const& x, Values const& w, Values const& bias) {
  Map y = blank(static_cast<int>(w.size() / x.v.size()), 1, 1);
  for (std::size_t o = 0; o < y.v.size(); ++o) {
    y.v[o] = bias.empty() ? 0 : bias[o];
    for (std::size_t i = 0; i < x.v.size(); ++i) y.v[o] += w[o * x.v.size() + i] * x.v[i];
  }
  return y;
}

/// What a graph says.
inline Values run(berl::io::Graph const& graph, Map const& picture) {
  using Kind = berl::io::Operation::Kind;
  std::vector<Map> values{picture};
  for (auto const& o : graph.operations) {
    std::vector<Values> a;
    for (auto const& array : o.arrays) a.emplace_back(array.values.begin(), array.values.end());
    a.resize(std::max<std::size_t>(a.size(), 2));
    Map const& x = values[static_cast<std::size_t>(o.x)];
    switch (o.kind) {
      case Kind::convolution: values.push_back(conv(x, a[0], a[1], o.kernel, o.stride, o.padding)); break;
      case Kind::linear: values.push_back(linear(x, a[0], a[1])); break;
      case Kind::norm: values.push_back(norm(x, a[0], a[1], a[2], a[3])); break;
      case Kind::prelu: values.push_back(prelu(x, a[0])); break;
      case Kind::add: values.push_back(add(x, values[static_cast<std::size_t>(o.other)])); break;
    }
  }
  return values.back().v;
}

/// IResNet (deng2019) from arrays by InsightFace's names.
using Get = std::function<Values(std::string const&)>;
inline Map norm(Map const& x, Get const& get, std::string const& name) {
  return norm(x, get(name + ".weight"), get(name + ".bias"), get(name + ".running_mean"), get(name + ".running_var"));
}
inline Values iresnet(Get const& get, std::vector<int> const& blocks, Map x) {
  x = prelu(norm(conv(x, get("conv1.weight"), {}, 3, 1, 1), get, "bn1"), get("prelu.weight"));
  for (std::size_t stage = 0; stage < blocks.size(); ++stage)
    for (int k = 0; k < blocks[stage]; ++k) {
      std::string const at = "layer" + std::to_string(stage + 1) + "." + std::to_string(k) + ".";
      int const stride = k == 0 ? 2 : 1;
      Map y = conv(norm(x, get, at + "bn1"), get(at + "conv1.weight"), {}, 3, 1, 1);
      y = conv(prelu(norm(y, get, at + "bn2"), get(at + "prelu.weight")), get(at + "conv2.weight"), {}, 3, stride, 1);
      y = norm(y, get, at + "bn3");
      if (k == 0) x = norm(conv(x, get(at + "downsample.0.weight"), {}, 1, stride, 0), get, at + "downsample.1");
      x = add(y, x);
    }
  return norm(linear(norm(x, get, "bn2"), get("fc.weight"), get("fc.bias")), get, "features").v;
}

/// Numbers for an array that keep a network's values of order 1, whatever its depth.
inline std::vector<float> weights_of(std::string const& name, berl::io::Extents const& shape) {
  std::size_t size = 1;
  for (std::int64_t const n : shape) size *= static_cast<std::size_t>(n);
  double const fan_in = static_cast<double>(size) / static_cast<double>(shape.empty() ? 1 : shape[0]);
  if (shape.size() > 1) return golden::filled(name, size, std::sqrt(3 / fan_in));
  if (name.ends_with("bias") || name.ends_with("mean")) return golden::filled(name, size, 0.1);
  if (name.ends_with("var")) return golden::filled(name, size, 0.2, 1);
  return golden::filled(name, size, 0.1, name.find("prelu") != std::string::npos ? 0.25 : name.find("bn3") != std::string::npos ? 0.3 : 1);
}
inline Map picture(int side) {
  Map x = blank(3, side, side);
  auto const values = golden::filled("picture", x.v.size(), 1);
  std::copy(values.begin(), values.end(), x.v.begin());
  return x;
}
/// The largest difference of two embeddings in terms of the largest number.
inline double difference(Values const& a, auto const& b) {
  double worst = 0, largest = 0;
  if (a.size() != b.size()) return HUGE_VAL;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const d = std::abs(a[i] - static_cast<double>(b[i]));
    if (!(d <= worst)) worst = d;
    largest = std::max(largest, std::abs(a[i]));
  }
  return worst / largest;
}

/// Every operation at least once, in sizes that are no multiples of anything: two blocks, one of them with a shortcut of its own.
inline berl::io::Graph small_graph() {
  using berl::io::Operation;
  using Kind = Operation::Kind;
  auto const kept = std::make_shared<std::vector<std::vector<float>>>();
  berl::io::Graph graph{.input = {3, 9, 9}};
  auto const push = [&](Operation o, std::vector<std::pair<std::string, berl::io::Extents>> const& arrays) {
    for (auto const& [name, shape] : arrays) {
      kept->push_back(weights_of(o.name + "." + name, shape));
      o.arrays.push_back({o.name + "." + name, shape, kept->back()});
    }
    graph.operations.push_back(std::move(o));
    return static_cast<int>(graph.operations.size());
  };
  kept->reserve(99);
  auto const norm = [&](std::string const& name, int x, std::array<int, 3> in) {
    return push({.kind = Kind::norm, .name = name, .x = x, .in = in, .out = in},
                {{"weight", {in[0]}}, {"bias", {in[0]}}, {"running_mean", {in[0]}}, {"running_var", {in[0]}}});
  };
  auto const prelu = [&](std::string const& name, int x, std::array<int, 3> in) {
    return push({.kind = Kind::prelu, .name = name, .x = x, .in = in, .out = in}, {{"weight", {in[0]}}});
  };
  auto const conv = [&](std::string const& name, int x, std::array<int, 3> in, std::array<int, 3> out, int K, int S, bool has_bias) {
    std::vector<std::pair<std::string, berl::io::Extents>> arrays{{"weight", {out[0], in[0], K, K}}};
    if (has_bias) arrays.push_back({"bias", {out[0]}});
    return push({.kind = Kind::convolution, .name = name, .x = x, .in = in, .out = out, .kernel = K, .stride = S, .padding = K / 2},
                arrays);
  };
  std::array<int, 3> const large{5, 9, 9}, small{10, 5, 5};
  int const stem = prelu("prelu", norm("bn1", conv("conv1", 0, graph.input, large, 3, 1, false), large), large);
  int const body = conv("a.conv2", stem, large, small, 3, 2, true);
  int const shortcut = norm("a.down.1", conv("a.down.0", stem, large, small, 1, 2, false), small);
  int const a = push({.kind = Kind::add, .name = "a", .x = body, .other = shortcut, .in = small, .out = small}, {});
  int const b = push({.kind = Kind::add,
                      .name = "b",
                      .x = prelu("b.prelu", conv("b.conv", a, small, small, 3, 1, false), small),
                      .other = a,
                      .in = small,
                      .out = small},
                     {});
  push({.kind = Kind::linear, .name = "fc", .x = b, .in = small, .out = {6, 1, 1}}, {{"weight", {6, 250}}, {"bias", {6}}});
  norm("features", static_cast<int>(graph.operations.size()), {6, 1, 1});
  graph.weights = kept;
  return graph;
}
}  // namespace plain
