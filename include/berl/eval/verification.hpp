#pragma once
#include <berl/core/error.hpp>  // Error

#include <algorithm>  // min
#include <cmath>      // sqrt, isnan
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <vector>

/// Verification in the form of LFW (InsightFace's program): pairs of pictures, ten folds, a threshold chosen on the other nine.
namespace berl::eval {
/// |u_a - u_b|^2 of the two embeddings at unit length, in [0, 4], computed in double.
template <class T>
double squared_distance(std::span<T const> a, std::span<T const> b) {
  double aa = 0, bb = 0;
  for (T const v : a) aa += static_cast<double>(v) * static_cast<double>(v);
  for (T const v : b) bb += static_cast<double>(v) * static_cast<double>(v);
  aa = std::sqrt(aa);
  bb = std::sqrt(bb);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const d = static_cast<double>(a[i]) / aa - static_cast<double>(b[i]) / bb;
    sum += d * d;
  }
  return sum;
}
/// The cosine that belongs to such a distance: a score for roc() and tar_at_far().
inline double cosine(double squared_distance) { return 1 - squared_distance / 2; }

/// Distances of pairs whose embeddings of `size` numbers lie one after the other: rows 2 k and 2 k + 1 are pair k.
template <class T>
std::vector<double> pair_distances(std::span<T const> embeddings, std::size_t size) {
  if (size == 0 || embeddings.size() % (2 * size) != 0)
    throw std::logic_error("berl::eval::pair_distances: there must be two embeddings for each pair.");
  std::vector<double> distances;
  distances.reserve(embeddings.size() / (2 * size));
  for (std::size_t at = 0; at < embeddings.size(); at += 2 * size)
    distances.push_back(squared_distance(embeddings.subspan(at, size), embeddings.subspan(at + size, size)));
  return distances;
}

/// Contiguous blocks of pairs, in the list's order; the first ones have one more where the pairs do not divide.
struct Folds {
  std::size_t pairs;
  int count = 10;
  std::size_t first(int fold) const {
    auto const k = static_cast<std::size_t>(fold), n = static_cast<std::size_t>(count);
    return pairs / n * k + std::min(k, pairs % n);
  }
};
/// Ten folds, or as many as there are pairs. `list` names them in errors.
///   errors  Error: one pair or none, for the threshold of a fold comes from the others
inline int folds_of(std::size_t pairs, std::string const& list = "berl::eval: list of pairs") {
  if (pairs < 2)
    throw Error(list, std::to_string(pairs) + (pairs == 1 ? " pair" : " pairs"), "at least 2, one for each of two folds",
                "Give more pairs.");
  return static_cast<int>(std::min<std::size_t>(10, pairs));
}

namespace detail {
inline constexpr int thresholds = 400;  // 0.00, 0.01, ..., 3.99

struct Counts {
  double same = 0, different = 0;                   // pairs
  std::vector<double> same_below, different_below;  // accepted, at each threshold
  explicit Counts(std::size_t n) : same_below(n), different_below(n) {}
};
inline void check_pairs(std::span<double const> distances, std::span<std::uint8_t const> same, int folds) {
  if (distances.size() != same.size() || folds < 2)
    throw std::logic_error("berl::eval: one label for each distance, and two folds at least.");
  if (distances.size() < static_cast<std::size_t>(folds))
    throw Error("berl::eval: list of pairs", std::to_string(distances.size()) + " pairs",
                "at least one for each of " + std::to_string(folds) + " folds", "Give more pairs or fewer folds.");
  for (std::size_t i = 0; i < distances.size(); ++i)
    if (std::isnan(distances[i]))
      throw Error("berl::eval: pair " + std::to_string(i), "a distance that is not a number", "a number",
                  "Look for the picture whose embedding is zero or not finite.");
}
/// How many pairs of each fold are accepted (distance below threshold k `step`), for k = 0, 1, ..., n - 1.
inline std::vector<Counts> count_folds(std::span<double const> distances, std::span<std::uint8_t const> same, int folds, int n,
                                       double step) {
  check_pairs(distances, same, folds);
  Folds const blocks{distances.size(), folds};
  std::vector<Counts> counts(static_cast<std::size_t>(folds), Counts(static_cast<std::size_t>(n)));
  for (int f = 0; f < folds; ++f)
    for (std::size_t i = blocks.first(f); i < blocks.first(f + 1); ++i) {
      Counts& c = counts[static_cast<std::size_t>(f)];
      (same[i] ? c.same : c.different) += 1;
      auto& below = same[i] ? c.same_below : c.different_below;
      for (int k = 0; k < n; ++k) below[static_cast<std::size_t>(k)] += distances[i] < k * step ? 1 : 0;
    }
  return counts;
}
/// The sum over all folds but one.
inline Counts others(std::vector<Counts> const& folds, std::size_t but) {
  Counts sum(folds[0].same_below.size());
  for (std::size_t f = 0; f < folds.size(); ++f) {
    if (f == but) continue;
    sum.same += folds[f].same;
    sum.different += folds[f].different;
    for (std::size_t k = 0; k < sum.same_below.size(); ++k) {
      sum.same_below[k] += folds[f].same_below[k];
      sum.different_below[k] += folds[f].different_below[k];
    }
  }
  return sum;
}
inline double rate(double part, double of) { return of > 0 ? part / of : 0; }

struct Spread {
  double mean = 0, deviation = 0;  // of the population
};
inline Spread spread(std::span<double const> values) {
  Spread s;
  for (double const v : values) s.mean += v / static_cast<double>(values.size());
  for (double const v : values) s.deviation += (v - s.mean) * (v - s.mean) / static_cast<double>(values.size());
  s.deviation = std::sqrt(s.deviation);
  return s;
}
}  // namespace detail

struct Accuracy {
  double mean = 0, deviation = 0;  ///< over the folds; deviation of the population
  std::vector<double> per_fold, thresholds;
};

/// "Same" where the distance is below h (strictly); h is the first of 0.00, 0.01, ..., 3.99 that is best on the other folds.
///   errors  Error, when there are fewer pairs than folds or a distance is not a number
inline Accuracy fold_accuracy(std::span<double const> distances, std::span<std::uint8_t const> same, int folds = 10) {
  auto const counts = detail::count_folds(distances, same, folds, detail::thresholds, 0.01);
  auto const right = [](detail::Counts const& c, std::size_t k) { return c.same_below[k] + c.different - c.different_below[k]; };
  Accuracy a;
  for (std::size_t f = 0; f < counts.size(); ++f) {
    detail::Counts const training = detail::others(counts, f);
    std::size_t best = 0;
    for (std::size_t k = 1; k < detail::thresholds; ++k)
      if (right(training, k) > right(training, best)) best = k;
    a.thresholds.push_back(static_cast<double>(best) * 0.01);
    a.per_fold.push_back(right(counts[f], best) / (counts[f].same + counts[f].different));
  }
  auto const s = detail::spread(a.per_fold);
  a.mean = s.mean;
  a.deviation = s.deviation;
  return a;
}

/// Accuracy of some of the pairs, each at the threshold of its fold among all pairs; `member` says which. 0 of no pairs.
inline double stratum_accuracy(Accuracy const& of_all, std::span<double const> distances, std::span<std::uint8_t const> same,
                               std::span<std::uint8_t const> member) {
  if (distances.size() != same.size() || member.size() != same.size())
    throw std::logic_error("berl::eval::stratum_accuracy: distances, labels and members must be equally many.");
  Folds const folds{distances.size(), static_cast<int>(of_all.thresholds.size())};
  double right = 0, all = 0;
  for (int f = 0; f < folds.count; ++f)
    for (std::size_t i = folds.first(f); i < folds.first(f + 1); ++i)
      if (member[i]) {
        all += 1;
        right += (distances[i] < of_all.thresholds[static_cast<std::size_t>(f)]) == (same[i] != 0) ? 1 : 0;
      }
  return detail::rate(right, all);
}

struct FoldRates {
  double far, tar;
};
/// False and true accepts at each threshold 0.00, 0.01, ..., 3.99: means over the folds of the folds' rates.
inline std::vector<FoldRates> fold_rates(std::span<double const> distances, std::span<std::uint8_t const> same, int folds = 10) {
  auto const counts = detail::count_folds(distances, same, folds, detail::thresholds, 0.01);
  std::vector<FoldRates> rates(detail::thresholds, FoldRates{0, 0});
  for (std::size_t k = 0; k < rates.size(); ++k)
    for (auto const& c : counts) {
      rates[k].far += detail::rate(c.different_below[k], c.different) / folds;
      rates[k].tar += detail::rate(c.same_below[k], c.same) / folds;
    }
  return rates;
}

struct Validation {
  double rate = 0, deviation = 0;  ///< true accepts on the left-out folds
  double far = 0;                  ///< false accepts there
};
/// True accepts at a false-accept rate: the threshold is interpolated on the other nine folds, among 0, 0.001, ..., 3.999,
/// after the last whose FAR is not above the one wanted; 0 where that FAR is never reached.
inline Validation validation_rate(std::span<double const> distances, std::span<std::uint8_t const> same, double far = 1e-3,
                                  int folds = 10) {
  constexpr std::size_t n = 4000;
  auto const counts = detail::count_folds(distances, same, folds, n, 0.001);
  Folds const blocks{distances.size(), folds};
  std::vector<double> rates;
  Validation v;
  for (int f = 0; f < folds; ++f) {
    detail::Counts const training = detail::others(counts, static_cast<std::size_t>(f));
    auto const far_at = [&](std::size_t k) { return detail::rate(training.different_below[k], training.different); };
    double threshold = 0;
    if (far_at(n - 1) >= far) {
      std::size_t k = n - 1;
      while (k > 0 && far_at(k) > far) --k;
      threshold = static_cast<double>(k) * 0.001;
      if (k + 1 < n) threshold += 0.001 * (far - far_at(k)) / (far_at(k + 1) - far_at(k));
    }
    double accepted = 0, wrong = 0;
    for (std::size_t i = blocks.first(f); i < blocks.first(f + 1); ++i)
      if (distances[i] < threshold) (same[i] ? accepted : wrong) += 1;
    auto const& own = counts[static_cast<std::size_t>(f)];
    rates.push_back(detail::rate(accepted, own.same));
    v.far += detail::rate(wrong, own.different) / folds;
  }
  auto const s = detail::spread(rates);
  v.rate = s.mean;
  v.deviation = s.deviation;
  return v;
}
}  // namespace berl::eval
