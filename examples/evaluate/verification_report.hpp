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
/// A row in `accuracies` unless it is an empty table, whose columns are the sets; all figures, one row for each set; TAR at FAR.
inline void report_verified(Report& report, Table accuracies, std::string const& ours, std::vector<NamedSet> const& sets) {
  Row row{ours, std::vector<double>(accuracies.columns.size(), not_given)};
  Table all{.title = "Verification in ten folds, percent",
            .columns = {"accuracy", "deviation", "VAL@1e-3", "FaceX-Zoo", "AUC"},
            .paper = {},
            .ours = {}};
  Table tar{.title = "TAR at FAR, percent", .columns = {"1e-4", "1e-3", "1e-2", "1e-1"}, .paper = {}, .ours = {}};
  for (auto const& [name, v] : sets) {
    auto column = std::find(accuracies.columns.begin(), accuracies.columns.end(), name);
    if (column == accuracies.columns.end()) {
      column = accuracies.columns.insert(column, name);
      row.values.push_back(not_given);
    }
    row.values[static_cast<std::size_t>(column - accuracies.columns.begin())] = 100 * v.accuracy.mean;
    all.ours.push_back(
        {name, {100 * v.accuracy.mean, 100 * v.accuracy.deviation, 100 * v.validation.rate, 100 * v.youden.mean, 100 * v.area}});
    Row strict{name + ", strict", {}}, nearest{name + ", nearest", {}};
    for (std::size_t k = std::size(Verified::fars); k-- > 0;)
      strict.values.push_back(100 * v.strict[k].tar), nearest.values.push_back(100 * v.reference[k].tar);
    tar.ours.push_back(std::move(strict)), tar.ours.push_back(std::move(nearest));
    report.add({name, v.curve});
    auto json = v.json();
    json.erase("roc");  // which the report thins out
    report["sets"][name] = std::move(json);
  }
  accuracies.ours.push_back(std::move(row));
  if (!accuracies.title.empty()) report.add(std::move(accuracies));
  report.add(std::move(all));
  report.add(std::move(tar));
}
}  // namespace evaluate
