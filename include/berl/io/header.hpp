#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/graph.hpp>        // Graph

#include <algorithm>  // max, find
#include <bit>        // bit_cast
#include <cmath>      // sqrt
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// A network as one C++ header that needs nothing but the standard library.
namespace berl::io {
/// So many weights a header may have: 24 million (R18) are 120 MB of text, which g++ 12 compiles in 3 to 5 s and 640 MB.
inline constexpr std::size_t most_header_weights = 25'000'000;

namespace detail {
/// What every header begins with, behind its first lines; NAME stands for the namespace.
inline constexpr std::string_view header_functions = R"(
namespace detail {
inline float const* weights();  // at the end of this file

// Maps of weights lie eight beside one another, and the bias behind them; maps are filled up to a multiple of eight.
inline void convolve(float const* x, int C, int H, int W, float const* weight, int M, int K, int S, int P, float* padded, float* y) {
  constexpr int maps = 8, pixels = 7;
  int const h = (H + 2 * P - K) / S + 1, w = (W + 2 * P - K) / S + 1, rows = H + 2 * P;
  int const row = std::max(W + 2 * P, ((w + pixels - 1) / pixels * pixels - 1) * S + K);
  std::fill(padded, padded + C * rows * row, 0.0f);
  for (int c = 0; c < C; ++c)
    for (int v = 0; v < H; ++v) std::copy_n(x + (c * H + v) * W, W, padded + (c * rows + v + P) * row + P);
  float const* bias = weight + (M + maps - 1) / maps * maps * C * K * K;
  for (int m = 0; m < M; m += maps, weight += C * K * K * maps, bias += maps)
    for (int v = 0; v < h; ++v)
      for (int u = 0; u < w; u += pixels) {
        float sum[pixels][maps];
        for (int p = 0; p < pixels; ++p) std::copy_n(bias, maps, sum[p]);
        float const* k = weight;
        for (int c = 0; c < C; ++c)
          for (int i = 0; i < K; ++i) {
            float const* const from = padded + (c * rows + v * S + i) * row + u * S;
            for (int j = 0; j < K; ++j, k += maps)
              for (int l = 0; l < maps; ++l) {  // written out, the sums stay in registers
                sum[0][l] += from[j] * k[l];
                sum[1][l] += from[S + j] * k[l];
                sum[2][l] += from[2 * S + j] * k[l];
                sum[3][l] += from[3 * S + j] * k[l];
                sum[4][l] += from[4 * S + j] * k[l];
                sum[5][l] += from[5 * S + j] * k[l];
                sum[6][l] += from[6 * S + j] * k[l];
              }
          }
        for (int l = 0; l < std::min(maps, M - m); ++l)
          for (int p = 0; p < std::min(pixels, w - u); ++p) y[((m + l) * h + v) * w + u + p] = sum[p][l];
      }
}
// The bias lies behind the weights.
inline void linear(float const* x, int I, float const* weight, int O, float* y) {
  constexpr int lanes = 16;
  for (int o = 0; o < O; ++o) {
    float const* const k = weight + o * I;
    float part[lanes] = {}, sum = weight[O * I + o];
    int i = 0;
    for (; i + lanes <= I; i += lanes)
      for (int l = 0; l < lanes; ++l) part[l] += k[i + l] * x[i + l];
    for (; i < I; ++i) sum += k[i] * x[i];
    for (int l = 0; l < lanes; ++l) sum += part[l];
    y[o] = sum;
  }
}
// All scales, then all shifts.
inline void norm(float const* x, int C, int pixels, float const* scale, float* y) {
  for (int c = 0; c < C; ++c)
    for (int i = c * pixels; i < (c + 1) * pixels; ++i) y[i] = scale[c] * x[i] + scale[C + c];
}
inline void prelu(float const* x, int C, int pixels, float const* slope, float* y) {
  for (int c = 0; c < C; ++c)
    for (int i = c * pixels; i < (c + 1) * pixels; ++i) y[i] = x[i] > 0 ? x[i] : slope[c] * x[i];
}
inline void add(float const* a, float const* b, int n, float* y) {
  for (int i = 0; i < n; ++i) y[i] = a[i] + b[i];
}
}  // namespace detail
)";
inline constexpr std::string_view header_end = R"(};
inline float const* weights() {
  static std::vector<float> const all = [] {
    static_assert(sizeof(float) == 4 && std::numeric_limits<float>::is_iec559, "weights are IEEE floats of 32 bits");
    std::vector<float> to(count);
    std::size_t n = 0;
    for (char const* text : digits)
      for (; *text != '\0'; text += 5, ++n) {
        std::uint32_t bits = 0;
        for (int k = 0; k < 5; ++k) {
          char const c = text[k] == 'x' ? '\\' : text[k] == 'y' ? '?' : text[k];
          bits = bits * 85 + static_cast<std::uint32_t>(c - '#');
        }
        std::memcpy(&to[n], &bits, 4);
      }
    return to;
  }();
  return all.data();
}
}  // namespace detail
)";

/// The weights of a header in the order and arrangement of its functions, and the lines that call these.
class HeaderBody {
 public:
  explicit HeaderBody(Graph const& graph) : graph_(graph), last_use_(graph.operations.size() + 1, -1), place_(last_use_.size(), nowhere) {
    int const n = static_cast<int>(graph.operations.size());
    for (int k = 0; k < n; ++k)
      for (int const v : {operation(k).x, operation(k).other})
        if (v >= 0) last_use_[static_cast<std::size_t>(v)] = k;
    for (int k = 0; k < n; ++k) add(k);
  }
  std::vector<float> weights;
  std::string lines;
  std::vector<int> blocks;  ///< floats of each block of memory that the lines use
  int padded = 0;           ///< floats of the padded maps

 private:
  using Kind = Operation::Kind;
  static constexpr int nowhere = -1, maps = 8, pixels = 7;

  [[nodiscard]] Operation const& operation(int k) const { return graph_.operations[static_cast<std::size_t>(k)]; }
  [[nodiscard]] int& place(int value) { return place_[static_cast<std::size_t>(value)]; }
  [[nodiscard]] std::string name(int value) {
    if (value == 0) return "picture";
    return value == static_cast<int>(graph_.operations.size()) ? "embedding" : "b" + std::to_string(place(value));
  }
  /// A block that holds nothing which is needed behind operation k; elementwise, that of an operand is one.
  [[nodiscard]] int free_block(int k, bool elementwise) const {
    std::vector<bool> taken(blocks.size());
    for (std::size_t v = 1; v < place_.size(); ++v)
      if (place_[v] != nowhere && (elementwise ? last_use_[v] > k : last_use_[v] >= k)) taken[static_cast<std::size_t>(place_[v])] = true;
    return static_cast<int>(std::find(taken.begin(), taken.end(), false) - taken.begin());
  }
  void add(int k) {
    auto const& o = operation(k);
    bool const elementwise = o.kind != Kind::convolution && o.kind != Kind::linear;
    if (k + 1 < static_cast<int>(graph_.operations.size())) {
      int const b = place(k + 1) = free_block(k, elementwise), size = o.out[0] * o.out[1] * o.out[2];
      if (static_cast<std::size_t>(b) == blocks.size()) blocks.push_back(0);
      blocks[static_cast<std::size_t>(b)] = std::max(blocks[static_cast<std::size_t>(b)], size);
    }
    std::string const w = "w + " + std::to_string(weights.size()), channels = std::to_string(o.in[0]), from = name(o.x), to = name(k + 1);
    int const size = o.in[1] * o.in[2];
    auto const call = [&](std::string const& function, std::string const& arguments) {
      lines += "  detail::" + function + "(" + from + ", " + arguments + ", " + to + ");  // " + o.name + "\n";
    };
    switch (o.kind) {
      case Kind::convolution: {
        auto const comma = [](auto... n) { return ((std::to_string(n) + ", ") + ...); };
        call("convolve", comma(o.in[0], o.in[1], o.in[2]) + w + ", " + comma(o.out[0], o.kernel, o.stride, o.padding) + "padded");
        return put_convolution(o);
      }
      case Kind::linear:
        call("linear", std::to_string(o.in[0] * size) + ", " + w + ", " + std::to_string(o.out[0]));
        put(o.arrays[0].values);
        return o.arrays.size() > 1 ? put(o.arrays[1].values) : weights.resize(weights.size() + static_cast<std::size_t>(o.out[0]));
      case Kind::norm: call("norm", channels + ", " + std::to_string(size) + ", " + w); return put_norm(o);
      case Kind::prelu: call("prelu", channels + ", " + std::to_string(size) + ", " + w); return put(o.arrays[0].values);
      case Kind::add: return call("add", name(o.other) + ", " + std::to_string(o.out[0] * o.out[1] * o.out[2]));
    }
  }
  void put(std::span<float const> values) { weights.insert(weights.end(), values.begin(), values.end()); }
  void put_convolution(Operation const& o) {
    int const M = o.out[0], all = (M + maps - 1) / maps * maps, taps = o.in[0] * o.kernel * o.kernel;
    auto const w = o.arrays[0].values;
    auto const at = [&](std::span<float const> values, int m, int i, int row) {
      return m < M ? values[static_cast<std::size_t>(m) * static_cast<std::size_t>(row) + static_cast<std::size_t>(i)] : 0.0f;
    };
    for (int m = 0; m < all; m += maps)
      for (int i = 0; i < taps; ++i)
        for (int l = 0; l < maps; ++l) weights.push_back(at(w, m + l, i, taps));
    for (int m = 0; m < all; ++m) weights.push_back(o.arrays.size() > 1 ? at(o.arrays[1].values, m, 0, 1) : 0.0f);
    int const row = std::max(o.in[2] + 2 * o.padding, ((o.out[2] + pixels - 1) / pixels * pixels - 1) * o.stride + o.kernel);
    padded = std::max(padded, o.in[0] * (o.in[1] + 2 * o.padding) * row);
  }
  /// scale = weight / sqrt(variance + eps), shift = bias - mean scale
  void put_norm(Operation const& o) {
    std::vector<float> shifts;
    for (std::size_t c = 0; c < o.arrays[0].values.size(); ++c) {
      auto const of = [&](std::size_t array) { return static_cast<double>(o.arrays[array].values[c]); };
      double const scale = of(0) / std::sqrt(of(3) + nn::BatchNorm<1>::eps);
      weights.push_back(static_cast<float>(scale));
      shifts.push_back(static_cast<float>(of(1) - of(2) * scale));
    }
    put(shifts);
  }

  Graph const& graph_;
  std::vector<int> last_use_, place_;  // of each value
};

/// 32 bits as five digits to base 85, highest first: the characters from '#' to 'w', but x for a backslash and y for a question mark.
inline void put_digits(std::string& text, float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  char five[5];
  for (int k = 5; k-- > 0; bits /= 85) {
    char const c = static_cast<char>('#' + bits % 85);
    five[k] = c == '\\' ? 'x' : c == '?' ? 'y' : c;
  }
  text.append(five, 5);
}
}  // namespace detail

/// Whether a word can be the name of a namespace.
inline bool is_identifier(std::string_view name) {
  constexpr std::string_view words =
      " alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const constexpr continue decltype default"
      " delete do double else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not"
      " nullptr operator or private protected public register requires return short signed sizeof static std struct switch template this"
      " throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor ";
  auto const letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (name.empty() || !letter(name[0])) return false;
  for (char const c : name)
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '_') return false;
  return words.find(" " + std::string(name) + " ") == std::string_view::npos && name.find("__") == std::string_view::npos;
}

/// Writes NAME.hpp, a C++17 header that includes the standard library alone, with NAME::embed(picture, embedding).
///   units   the weights' own bits, as strings to base 85; batch norms as scale and shift; fastest for a graph with norms folded
///   errors  Error: a NAME that cannot be a namespace; more than most_header_weights; as AtomicFile
inline void write_header(std::filesystem::path const& path, Graph const& graph, std::string const& network) {
  std::string const name = path.stem().string();
  if (!is_identifier(name))
    throw Error(path.string(), "a file name that is no name of a namespace", "letters, digits and _ before .hpp, and no word of C++",
                "Give the header another name, such as my_face.hpp.");
  if (graph.parameters() > most_header_weights)
    throw Error(path.string(), "a network of " + std::to_string(graph.parameters()) + " weights",
                "at most " + std::to_string(most_header_weights) + " in a header, which a compiler must read",
                "Export it as ONNX, or link berl and use berl::load.");
  detail::HeaderBody const body(graph);
  auto const number = [](auto n) { return std::to_string(n); };
  std::string const sides = number(graph.input[0]) + " x " + number(graph.input[1]) + " x " + number(graph.input[2]);
  AtomicFile file(path);
  std::string text = "// " + name + ".hpp: " + network + ", a face recognition network, written by berl " + version + ". " +
                     "C++17 and its standard library; fastest with -O3 -march=native.\n"
                     "#pragma once\n#include <algorithm>\n#include <cstddef>\n#include <cstdint>\n#include <cstring>\n"
                     "#include <limits>\n#include <vector>\n\nnamespace " +
                     name + " {\ninline constexpr int height = " + number(graph.input[1]) + ", width = " + number(graph.input[2]) +
                     ", embedding_size = " + number(graph.embedding()) + ";\n";
  text += detail::header_functions;
  text += "\n// One aligned face, " + sides +
          " numbers in [-1, 1]: all red ones, row by row, then green, then blue, (byte - 127.5) / 127.5. The embedding is\n"
          "// not normalised; the cosine of two says how alike they are. May run in several threads at a time.\n"
          "inline void embed(float const* picture, float* embedding) {\n  float const* const w = detail::weights();\n";
  std::size_t floats = static_cast<std::size_t>(body.padded);
  for (int const n : body.blocks) floats += static_cast<std::size_t>(n);
  text += "  std::vector<float> memory(" + number(floats) + ");\n  float* const padded = memory.data();\n";
  std::string at = "padded + " + number(body.padded);
  for (std::size_t k = 0; k < body.blocks.size(); ++k) {
    text += "  float* const b" + number(k) + " = " + at + ";\n";
    at = "b" + number(k) + " + " + number(body.blocks[k]);
  }
  text += body.lines + "}\n\n// The same of bytes, row by row of pixels of red, green and blue.\n" +
          "inline void embed(unsigned char const* picture, float* embedding) {\n"
          "  constexpr int pixels = height * width;\n  std::vector<float> planes(3 * pixels);\n"
          "  for (int i = 0; i < 3 * pixels; ++i)\n"
          "    planes[static_cast<std::size_t>(i % 3 * pixels + i / 3)] = (static_cast<float>(picture[i]) - 127.5f) / 127.5f;\n"
          "  embed(planes.data(), embedding);\n}\n\nnamespace detail {\ninline constexpr std::size_t count = " +
          number(body.weights.size()) +
          ";\n// Five digits to base 85 are the bits of a float.\ninline constexpr char const* digits[] = {\n";
  constexpr std::size_t in_a_line = 3200;  // 16000 characters: some compilers take no longer strings
  for (std::size_t i = 0; i < body.weights.size(); ++i) {
    if (i % in_a_line == 0) {
      if (i > 0) text += "\",\n";
      file.write(text);
      text = "\"";
    }
    detail::put_digits(text, body.weights[i]);
  }
  file.write(text + "\"\n");
  file.write(detail::header_end);
  file.write("}  // namespace " + name + "\n");
  file.commit();
}
}  // namespace berl::io
