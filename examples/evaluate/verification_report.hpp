#pragma once
#include "report.hpp"    // Report
#include "verified.hpp"  // Verified

namespace evaluate {
inline constexpr char const* verification_footer =
    "\nAccuracy: the threshold of a fold is the best one on the other nine, of 0.00, 0.01, ..., 3.99; mean and deviation over the ten.\n"
    "VAL: true accepts at a rate of false ones of 1e-3, the threshold from the other folds. FaceX-Zoo: the threshold is the best\n"
    "of 1000 by TAR - FAR. TAR at FAR: strict where the rate is not exceeded, nearest at the nearest point of the curve.\n"
    "Exit code: 0 all is well; 2 something given cannot be used.\n";

struct NamedSet {
  std::string name;
  Verified result;
};
/// A row of accuracies in `accuracies`, whose columns are the sets, and a table of all figures, one row for each set.
inline void report_verified(Report& report, Table accuracies, std::string const& ours, std::vector<NamedSet> const& sets) {
  Row row{ours, std::vector<double>(accuracies.columns.size(), not_given)};
  Table all{
      .title = "Verification, percent", .columns = {"accuracy", "deviation", "VAL@1e-3", "FaceX-Zoo", "AUC"}, .paper = {}, .ours = {}};
  for (double const far : Verified::fars) all.columns.push_back(fmt::format("strict {:.0e}", far));
  for (double const far : Verified::fars) all.columns.push_back(fmt::format("nearest {:.0e}", far));
  for (auto const& [name, v] : sets) {
    auto column = std::find(accuracies.columns.begin(), accuracies.columns.end(), name);
    if (column == accuracies.columns.end()) {
      accuracies.columns.push_back(name);
      column = accuracies.columns.end() - 1;
      row.values.push_back(not_given);
    }
    row.values[static_cast<std::size_t>(column - accuracies.columns.begin())] = 100 * v.accuracy.mean;
    Row figures{name, {100 * v.accuracy.mean, 100 * v.accuracy.deviation, 100 * v.validation.rate, 100 * v.youden.mean, 100 * v.area}};
    for (auto const& p : v.strict) figures.values.push_back(100 * p.tar);
    for (auto const& p : v.reference) figures.values.push_back(100 * p.tar);
    all.ours.push_back(std::move(figures));
    report.add({name, v.curve});
    auto json = v.json();
    json.erase("roc");  // which the report thins out
    report["sets"][name] = std::move(json);
  }
  accuracies.ours.push_back(std::move(row));
  report.add(std::move(accuracies));
  report.add(std::move(all));
}
}  // namespace evaluate
