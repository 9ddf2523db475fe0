#pragma once
#include <cmath>  // sqrt
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Reference numbers, read without any part of the library, so that an error there cannot hide here.
namespace golden {
/// The deterministic filling of the fixtures: FNV-1a of the name, SplitMix64, 24 bits to [-scale, scale) + shift.
inline std::vector<float> filled(std::string_view name, std::size_t n, double scale, double shift = 0, std::uint64_t seed = 1) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (char const c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  h ^= seed * 0x9e3779b97f4a7c15u;
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t z = h + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    values[i] = static_cast<float>(scale * (2 * (static_cast<double>(z >> 40) / 16777216.0) - 1) + shift);
  }
  return values;
}

class File {
 public:
  explicit File(std::string const& name) {
    std::ifstream in(std::string(BERL_TEST_DATA) + "/golden/" + name + ".safetensors", std::ios::binary);
    if (!in) throw std::runtime_error("no fixture " + name + " below " BERL_TEST_DATA);
    std::string const all{std::istreambuf_iterator<char>(in), {}};
    std::uint64_t n = 0;
    std::memcpy(&n, all.data(), 8);
    table_ = nlohmann::json::parse(all.substr(8, n));
    bytes_ = all.substr(8 + n);
  }
  bool has(std::string const& name) const { return table_.contains(name); }

  /// Any stored array as T.
  template <class T = double>
  std::vector<T> get(std::string const& name) const {
    auto const& entry = table_.at(name);
    std::string const type = entry["dtype"];
    if (type == "F64") return as<T, double>(entry);
    if (type == "F32") return as<T, float>(entry);
    if (type == "I64") return as<T, std::int64_t>(entry);
    if (type == "I32") return as<T, std::int32_t>(entry);
    if (type == "I16") return as<T, std::int16_t>(entry);
    if (type == "U8") return as<T, std::uint8_t>(entry);
    throw std::runtime_error("fixture array " + name + " has the unknown type " + type);
  }

 private:
  template <class T, class Stored>
  std::vector<T> as(nlohmann::json const& entry) const {
    std::size_t const first = entry["data_offsets"][0], last = entry["data_offsets"][1];
    std::vector<T> values((last - first) / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
      Stored v;
      std::memcpy(&v, bytes_.data() + first + i * sizeof(Stored), sizeof(Stored));
      values[i] = static_cast<T>(v);
    }
    return values;
  }
  nlohmann::json table_;
  std::string bytes_;
};

/// Relative L2 deviation.
template <class A, class B>
double deviation(A const& found, B const& expected) {
  if (std::size(found) != std::size(expected)) throw std::runtime_error("deviation: the sizes differ");
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < std::size(found); ++i) {
    double const a = static_cast<double>(found[i]), b = static_cast<double>(expected[i]);
    error += (a - b) * (a - b);
    norm += b * b;
  }
  return std::sqrt(error / (norm > 0 ? norm : 1));
}
}  // namespace golden
