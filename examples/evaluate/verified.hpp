#pragma once
#include <berl/eval/roc.hpp>           // roc, tar_at_far
#include <berl/eval/verification.hpp>  // fold_accuracy
#include <berl/eval/youden.hpp>        // youden_accuracy

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

/// All that is said of one way to compare pairs of pictures.
struct Verified {
  static constexpr double fars[] = {1e-1, 1e-2, 1e-3, 1e-4};
  berl::eval::Accuracy accuracy;
  berl::eval::Validation validation;  ///< at FAR 1e-3
  berl::eval::YoudenAccuracy youden;
  std::vector<berl::eval::RocPoint> curve;
  double area;
  berl::eval::RocPoint reference[std::size(fars)], strict[std::size(fars)];

  /// errors  those of folds_of, fold_accuracy and roc
  Verified(std::vector<double> const& distances, std::vector<std::uint8_t> const& same) {
    using namespace berl::eval;
    int const folds = folds_of(same.size());
    std::vector<double> cosines;
    for (double const d : distances) cosines.push_back(cosine(d));
    accuracy = fold_accuracy(distances, same, folds);
    validation = validation_rate(distances, same, 1e-3, folds);
    youden = youden_accuracy(cosines, same, folds);
    SortedScores const scores(cosines, same);
    curve = roc(scores);
    area = auc(curve);
    for (std::size_t k = 0; k < std::size(fars); ++k) {
      reference[k] = tar_at_far(scores, fars[k], Reference{});
      strict[k] = tar_at_far(scores, fars[k], Strict{});
    }
  }
  nlohmann::json json() const {
    nlohmann::json points = nlohmann::json::array(), tars = nlohmann::json::array();
    for (auto const& p : curve) points.push_back({p.far, p.tar});
    for (std::size_t k = 0; k < std::size(fars); ++k)
      tars.push_back({{"wanted", fars[k]},
                      {"reference", {{"far", reference[k].far}, {"tar", reference[k].tar}}},
                      {"strict", {{"far", strict[k].far}, {"tar", strict[k].tar}}}});
    return {{"accuracy", accuracy.mean},
            {"deviation", accuracy.deviation},
            {"accuracy_per_fold", accuracy.per_fold},
            {"thresholds", accuracy.thresholds},
            {"validation", {{"rate", validation.rate}, {"deviation", validation.deviation}, {"far", validation.far}}},
            {"facex_zoo", {{"accuracy", youden.mean}, {"standard_error", youden.standard_error}, {"thresholds", youden.thresholds}}},
            {"auc", area},
            {"roc", points},
            {"tar_at_far", tars}};
  }
};
