#pragma once
#include <fmt/core.h>
#include <cmath>  // sqrt
#include <string>
#include <vector>

#include "joint_training/figures.hpp"  // ordered_json, rates

namespace joint_training {
/// Mean and deviation of a sample; one value has no deviation.
struct Sample {
  double mean = 0, deviation = 0;
  std::size_t size;
  explicit Sample(std::vector<double> const& values) : size(values.size()) {
    auto const n = static_cast<double>(size);
    for (double const v : values) mean += v / n;
    if (size < 2) return;
    for (double const v : values) deviation += (v - mean) * (v - mean) / (n - 1);
    deviation = std::sqrt(deviation);
  }
  [[nodiscard]] std::string text(char const* sign = "") const {
    auto const percent = fmt::format(fmt::runtime(std::string("{:") + sign + ".2f}"), 100 * mean);
    return size < 2 ? percent : fmt::format("{} ± {:.2f}", percent, 100 * deviation);
  }
};

/// The figures of all seeds: by_seed["1"]["joint"]["yaw_0_25"]["accuracy"].
class Results {
 public:
  explicit Results(ordered_json const& by_seed) : by_seed_(by_seed), first_(*by_seed.begin()) {}

  /// For each metric a table: one row for each stratum, one column for each arm, and the paired difference of the last two.
  std::string text() const {
    std::string text;
    for (auto const* const metric : metrics) {
      text += fmt::format("\n{:<18}{:>7}{:>10}", std::string(metric) + ", %", "same", "different");
      for (auto const& [arm, unused] : first_.items()) text += fmt::format("{:>16}", arm);
      text += fmt::format("{:>17}   of each seed\n", "joint - control");
      for (auto const& [stratum, figures] : first_.back().items()) {
        text += fmt::format("{:<18}{:>7}{:>10}", stratum, figures.at("same").get<long>(), figures.at("different").get<long>());
        for (auto const& [arm, unused] : first_.items()) text += fmt::format("{:>17}", Sample(values(arm, stratum, metric)).text());
        auto const d = differences(stratum, metric);
        text += fmt::format("{:>18}  ", Sample(d).text("+"));
        for (double const v : d) text += fmt::format(" {:>+6.2f}", 100 * v);
        text += "\n";
      }
    }
    return text;
  }
  ordered_json json() const {
    ordered_json all{{"seeds", by_seed_}};
    for (auto const* const metric : metrics)
      for (auto const& [stratum, unused] : first_.back().items()) {
        auto& row = all["summary"][metric][stratum];
        auto const put = [&](std::string const& name, Sample const& s) { row[name] = {{"mean", s.mean}, {"deviation", s.deviation}}; };
        for (auto const& [arm, unused_too] : first_.items()) put(arm, Sample(values(arm, stratum, metric)));
        put("joint - control", Sample(differences(stratum, metric)));
      }
    return all;
  }
  std::string csv() const {
    std::string csv = "seed,arm,stratum,same,different,metric,value\n";
    for (auto const& [seed, arms] : by_seed_.items())
      for (auto const& [arm, figures] : arms.items())
        for (auto const& [stratum, f] : figures.items())
          for (auto const* const metric : metrics)
            csv += fmt::format("{},{},{},{},{},{},{}\n", seed, arm, stratum, f.at("same").get<long>(), f.at("different").get<long>(),
                               metric, f.at(metric).get<double>());
    return csv;
  }

 private:
  static constexpr char const* metrics[] = {rates[0].name, rates[1].name, "accuracy"};

  std::vector<double> values(std::string const& arm, std::string const& stratum, char const* metric) const {
    std::vector<double> all;
    for (auto const& seed : by_seed_) all.push_back(seed.at(arm).at(stratum).at(metric).get<double>());
    return all;
  }
  std::vector<double> differences(std::string const& stratum, char const* metric) const {
    auto joint = values("joint", stratum, metric);
    auto const control = values("control", stratum, metric);
    for (std::size_t k = 0; k < joint.size(); ++k) joint[k] -= control[k];
    return joint;
  }

  ordered_json const& by_seed_;
  ordered_json const& first_;
};
}  // namespace joint_training
