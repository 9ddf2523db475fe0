#pragma once
#include <berl/io/safetensors.hpp>  // SafeTensors
#include <cmath>                    // sqrt
#include <cstdint>                  // uint64_t
#include <golden_plain.hpp>         // golden::File and golden::filled, which need no part of the library
#include <map>                      // map
#include <nlohmann/json.hpp>        // json
#include <span>                     // span
#include <stdexcept>                // runtime_error
#include <string>                   // string
#include <vector>                   // vector

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

/// One reference fixture, tests/data/golden/NAME.safetensors.
class Golden {
 public:
  explicit Golden(std::string const& name)
      : file_(io::SafeTensors::read(std::string(BERL_TEST_DATA) + "/golden/" + name + ".safetensors")) {
    params_ = nlohmann::json::parse(file_.metadata("params"));
    tolerance_ = nlohmann::json::parse(file_.metadata("tolerance"));
    for (auto& entry : nlohmann::json::parse(file_.metadata("filled"))) filled_[entry.at("name").get<std::string>()] = entry;
  }

  [[nodiscard]] io::SafeTensors const& file() const { return file_; }
  [[nodiscard]] nlohmann::json const& params() const { return params_; }
  [[nodiscard]] nlohmann::json const& param(std::string const& key) const { return params_.at(key); }
  [[nodiscard]] nlohmann::json const& tolerance(std::string const& key) const { return tolerance_.at(key); }
  [[nodiscard]] bool is_filled(std::string const& name) const { return filled_.contains(name); }
  [[nodiscard]] bool is_sampled(std::string const& name) const { return file_.contains(name + ".val"); }
  [[nodiscard]] bool contains(std::string const& name) const { return file_.contains(name) || is_filled(name) || is_sampled(name); }
  [[nodiscard]] std::vector<std::string> filled_names() const {
    std::vector<std::string> names;
    for (auto const& [name, entry] : filled_) names.push_back(name);
    return names;
  }

  [[nodiscard]] io::Extents shape(std::string const& name) const {
    return file_.contains(name) ? file_.shape(name) : filled_.at(name).at("shape").get<io::Extents>();
  }

  /// The tensor `name`, stored or filled, as T.
  template <class T>
  [[nodiscard]] std::vector<T> values(std::string const& name) const {
    if (file_.contains(name)) return file_.get<T>(name);
    auto const found = filled_.find(name);
    if (found == filled_.end()) throw std::runtime_error(file_.file() + ": neither stored nor filled: " + name);
    nlohmann::json const& entry = found->second;
    Filling const filling(name, entry.at("seed"), entry.at("scale"), entry.at("shift"));
    std::size_t size = 1;
    for (std::int64_t const n : shape(name)) size *= static_cast<std::size_t>(n);
    std::vector<T> values(size);
    long double sum = 0;  // the terms cancel, and only the total may be off by 1e-12
    for (std::size_t i = 0; i < size; ++i) {
      float const v = filling.value(i);
      values[i] = static_cast<T>(v);
      sum += static_cast<long double>(v);
    }
    double const expected = entry.at("sum");
    if (!same_sum(static_cast<double>(sum), expected)) {
      throw std::runtime_error(file_.file() + ": filled " + name + " sums to " + std::to_string(static_cast<double>(sum)) + ", not to " +
                               std::to_string(expected));
    }
    return values;
  }

  /// The check of one's own filling, relative 1e-12 as the fixtures promise.
  static bool same_sum(double sum, double expected) { return std::abs(sum - expected) <= 1e-12 * std::abs(expected); }

  /// A single stored number.
  [[nodiscard]] double number(std::string const& name) const { return values<double>(name).at(0); }

  /// Computed values (the whole tensor) against the reference, stored whole or sampled.
  /// A sampled tensor is compared at the sampled entries, and its L2 norm, sum, sum of absolute values and largest absolute value
  /// enter relative_max: the norm and the largest value relative to themselves, both sums relative to the sum of absolute values.
  template <class T>
  [[nodiscard]] Difference compare(std::string const& name, std::span<T const> computed) const {
    if (!is_sampled(name)) {
      auto const reference = values<double>(name);
      expect_size(name, computed.size(), reference.size());
      return difference(reference, [&](std::size_t i) { return static_cast<double>(computed[i]); });
    }
    auto const reference = file_.get<double>(name + ".val"), stats = file_.get<double>(name + ".stats");
    auto const index = file_.get<std::int64_t>(name + ".idx");
    for (std::int64_t const i : index) {
      if (i < 0 || static_cast<std::size_t>(i) >= computed.size()) expect_size(name, computed.size(), static_cast<std::size_t>(i) + 1);
    }
    Difference d = difference(reference, [&](std::size_t i) { return static_cast<double>(computed[static_cast<std::size_t>(index[i])]); });
    auto const own = statistics(computed);
    auto const off = [&](std::size_t i, double scale) { return std::abs(own[i] - stats[i]) / (scale > 0 ? scale : 1); };
    for (double const e : {off(0, stats[0]), off(1, stats[2]), off(2, stats[2]), off(3, stats[3])})
      d.relative_max = worse(d.relative_max, e);
    return d;
  }
  template <class T>
  [[nodiscard]] Difference compare(std::string const& name, std::vector<T> const& computed) const {
    return compare(name, std::span<T const>(computed));
  }

  /// L2 norm, sum, sum of absolute values and largest absolute value, as in NAME.stats.
  template <class T>
  [[nodiscard]] static std::vector<double> statistics(std::span<T const> values) {
    long double squares = 0, sum = 0, absolute = 0;
    double largest = 0;
    for (T const v : values) {
      auto const x = static_cast<long double>(v);
      squares += x * x;
      sum += x;
      absolute += std::abs(x);
      largest = worse(largest, std::abs(static_cast<double>(v)));
    }
    return {static_cast<double>(std::sqrt(squares)), static_cast<double>(sum), static_cast<double>(absolute), largest};
  }

 private:
  static double worse(double a, double b) { return a >= b || std::isnan(a) ? a : b; }  // a NaN stays

  template <class At>
  static Difference difference(std::vector<double> const& reference, At computed) {
    double squares = 0, wrong = 0, largest = 0, worst = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
      double const e = computed(i) - reference[i];
      squares += reference[i] * reference[i];
      wrong += e * e;
      largest = worse(largest, std::abs(reference[i]));
      worst = worse(worst, std::abs(e));
    }
    return {std::sqrt(wrong) / (squares > 0 ? std::sqrt(squares) : 1), worst / (largest > 0 ? largest : 1)};
  }
  void expect_size(std::string const& name, std::size_t found, std::size_t expected) const {
    if (found == expected) return;
    throw std::runtime_error(file_.file() + ": " + name + " computed with " + std::to_string(found) + " entries, the reference has " +
                             std::to_string(expected));
  }

  io::SafeTensors file_;
  nlohmann::json params_, tolerance_;
  std::map<std::string, nlohmann::json> filled_;
};
}  // namespace berl::test
