#pragma once
#include <cmath>  // sqrt
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <map>
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

/// tests/data/golden/NAME.safetensors
class File {
 public:
  explicit File(std::string const& name);
  bool has(std::string const& name) const { return table_.contains(name); }

  /// Any stored array as T.
  template <class T = double>
  std::vector<T> get(std::string const& name) const {
    Array const& array = table_.at(name);
    if (array.type == "F64") return as<T, double>(array);
    if (array.type == "F32") return as<T, float>(array);
    if (array.type == "I64") return as<T, std::int64_t>(array);
    if (array.type == "I32") return as<T, std::int32_t>(array);
    if (array.type == "I16") return as<T, std::int16_t>(array);
    if (array.type == "U8") return as<T, std::uint8_t>(array);
    throw std::runtime_error("fixture array " + name + " has the unknown type " + array.type);
  }

 private:
  struct Array {
    std::string type;
    std::size_t first, last;  // bytes of the data
  };
  template <class T, class Stored>
  std::vector<T> as(Array const& array) const {
    std::vector<T> values((array.last - array.first) / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
      Stored v;
      std::memcpy(&v, bytes_.data() + array.first + i * sizeof(Stored), sizeof(Stored));
      values[i] = static_cast<T>(v);
    }
    return values;
  }
  std::map<std::string, Array> table_;
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
