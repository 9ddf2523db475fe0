#pragma once
#include <cmath>    // abs
#include <cstdint>  // uint64_t
#include <memory>   // shared_ptr
#include <span>     // span
#include <string>   // string
#include <vector>   // vector

namespace berl::io {
class SafeTensors;
}
namespace berl::test {
/// The deterministic filling of the reference fixtures: float32 values from a name, a seed, a scale and a shift.
///   h = FNV-1a 64 of the name, xor seed * golden;  z_i = splitmix64 of h + (i + 1) golden;  value = float(s (2u - 1) + b)
class Filling {
 public:
  Filling(std::string const& name, std::uint64_t seed, double scale, double shift) : scale_(scale), shift_(shift) {
    for (char const c : name) h_ = (h_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    h_ ^= seed * golden;
  }
  [[nodiscard]] std::uint64_t hash() const { return h_; }
  [[nodiscard]] std::uint64_t mixed(std::uint64_t i) const {
    std::uint64_t z = h_ + (i + 1) * golden;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  [[nodiscard]] float value(std::uint64_t i) const {
    double const u = static_cast<double>(mixed(i) >> 40) * 0x1p-24;
    return static_cast<float>(scale_ * (2 * u - 1) + shift_);
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
  double scale_, shift_;
  std::uint64_t h_ = 0xcbf29ce484222325u;
};

/// How far computed values are from the reference.
struct Difference {
  double relative_l2;   // ||computed - reference|| / ||reference|| over the stored entries; absolute where the reference is 0
  double relative_max;  // largest |computed - reference| / largest |reference|; for sampled tensors the stats' too
};

/// One reference fixture, tests/data/golden/NAME.safetensors, compiled once for all tests. T is one of float, double, int,
/// std::int64_t and std::uint8_t; of computed values float or double.
class Golden {
 public:
  explicit Golden(std::string const& name);

  [[nodiscard]] io::SafeTensors const& file() const;
  [[nodiscard]] bool is_filled(std::string const& name) const;
  [[nodiscard]] bool is_sampled(std::string const& name) const;
  [[nodiscard]] bool contains(std::string const& name) const;
  [[nodiscard]] std::vector<std::string> filled_names() const;
  [[nodiscard]] std::vector<std::int64_t> shape(std::string const& name) const;

  /// The tensor `name`, stored or filled, as T.
  template <class T>
  [[nodiscard]] std::vector<T> values(std::string const& name) const;

  /// What the fixture was made with, an int, a double or a std::vector<std::string>.
  template <class T>
  [[nodiscard]] T param(std::string const& key) const;

  /// A single stored number.
  [[nodiscard]] double number(std::string const& name) const { return values<double>(name).at(0); }

  /// The check of one's own filling, relative 1e-12 as the fixtures promise.
  static bool same_sum(double sum, double expected) { return std::abs(sum - expected) <= 1e-12 * std::abs(expected); }

  /// Computed values (the whole tensor) against the reference, stored whole or sampled.
  /// A sampled tensor is compared at the sampled entries, and its L2 norm, sum, sum of absolute values and largest absolute value
  /// enter relative_max: the norm and the largest value relative to themselves, both sums relative to the sum of absolute values.
  template <class T>
  [[nodiscard]] Difference compare(std::string const& name, std::span<T const> computed) const;
  template <class T>
  [[nodiscard]] Difference compare(std::string const& name, std::vector<T> const& computed) const {
    return compare(name, std::span<T const>(computed));
  }

 private:
  struct Fixture;
  std::shared_ptr<Fixture const> fixture_;
};
}  // namespace berl::test
