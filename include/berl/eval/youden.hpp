#pragma once
#include <berl/eval/verification.hpp>  // Folds

#include <algorithm>  // sort, upper_bound
#include <cmath>      // sqrt
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace berl::eval {
struct YoudenAccuracy {
  double mean = 0, standard_error = 0;  ///< over the folds; the sample deviation / sqrt(folds)
  std::vector<double> per_fold, thresholds;
};

/// Verification in the form of FaceX-Zoo (wang2021): scores, the larger the more alike, and a threshold by rates (youden1950).
///   threshold of a fold: the first best of TAR - FAR on the other folds, among the 1000 values l + k (u - l) / 1000, k = 1, 2, ...,
///   of their least score l and largest score u; a rate of no pairs is 0;  "same" where the score is above it (strictly)
///   errors  Error, when there are fewer pairs than folds or a score is not a number
inline YoudenAccuracy youden_accuracy(std::span<double const> scores, std::span<std::uint8_t const> same, int folds = 10) {
  constexpr int values = 1000;
  detail::check_pairs(scores, same, folds);
  Folds const blocks{scores.size(), folds};
  YoudenAccuracy a;
  std::vector<double> genuine, impostor;
  for (int f = 0; f < folds; ++f) {
    std::size_t const first = blocks.first(f), last = blocks.first(f + 1);
    genuine.clear(), impostor.clear();
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (i < first || i >= last) {
        (same[i] ? genuine : impostor).push_back(scores[i]);
        least = std::min(least, scores[i]), most = std::max(most, scores[i]);
      }
    std::sort(genuine.begin(), genuine.end());
    std::sort(impostor.begin(), impostor.end());
    auto const rate_above = [](std::vector<double> const& sorted, double threshold) {
      auto const above = sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), threshold);
      return detail::rate(static_cast<double>(above), static_cast<double>(sorted.size()));
    };
    double const step = (most - least) / values;
    double best = -2, threshold = 0;
    for (int k = 1; k <= values; ++k) {
      double const h = least + step * k, gain = rate_above(genuine, h) - rate_above(impostor, h);
      if (gain > best) best = gain, threshold = h;
    }
    double right = 0;
    for (std::size_t i = first; i < last; ++i) right += (scores[i] > threshold) == (same[i] != 0) ? 1 : 0;
    a.thresholds.push_back(threshold);
    a.per_fold.push_back(right / static_cast<double>(last - first));
  }
  auto const s = detail::spread(a.per_fold);
  a.mean = s.mean;
  a.standard_error = s.deviation / std::sqrt(folds - 1.0);  // of the sample, whose square is n / (n - 1) times as large
  return a;
}
}  // namespace berl::eval
