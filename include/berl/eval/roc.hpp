#pragma once
#include <berl/core/error.hpp>  // Error

#include <algorithm>  // sort, upper_bound
#include <cmath>      // abs, isnan, nearbyint
#include <cstddef>
#include <cstdint>
#include <functional>  // greater
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <type_traits>  // is_same_v, conditional_t
#include <utility>      // move
#include <vector>

/// Receiver operating characteristic of scores: the larger, the more alike.
namespace berl::eval {
struct RocPoint {
  double far;  ///< false-accept rate: fraction of impostor pairs with a score not below the threshold
  double tar;  ///< true-accept rate: the same of genuine pairs
};

/// Whether points that lie between their neighbours are dropped, as scikit-learn's roc_curve does unless asked not to.
struct AllPoints {};
struct CornersOnly {};

/// Scores of both kinds, each from the largest to the least, from which all figures follow.
///   errors  Error, when all pairs are of one kind or a score is not a number
struct SortedScores {
  std::vector<double> genuine, impostor;

  SortedScores(std::span<double const> scores, std::span<std::uint8_t const> is_genuine) {
    if (scores.size() != is_genuine.size()) throw std::logic_error("berl::eval: there must be one score for each pair.");
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::isnan(scores[i]))
        throw Error("berl::eval: pair " + std::to_string(i), "a score that is not a number", "a number",
                    "Look for the picture whose embedding is not finite.");
      (is_genuine[i] ? genuine : impostor).push_back(scores[i]);
    }
    sort();
  }
  SortedScores(std::vector<double> of_genuine, std::vector<double> of_impostors)
      : genuine(std::move(of_genuine)),
        impostor(std::move(of_impostors)) {
    sort();
  }

 private:
  void sort() {
    if (genuine.empty() || impostor.empty())
      throw Error("berl::eval: list of pairs",
                  std::to_string(genuine.size()) + " genuine pairs of " + std::to_string(genuine.size() + impostor.size()),
                  "pairs of both kinds", "Add pairs of the kind that is missing.");
    for (auto* const kind : {&genuine, &impostor}) std::sort(kind->begin(), kind->end(), std::greater<>{});
  }
};

/// One point for each threshold, from (0, 0) to (1, 1). Equal scores are accepted together.
template <class Points = AllPoints>
std::vector<RocPoint> roc(SortedScores const& scores, Points = {}) {
  std::vector<RocPoint> points;  // counts, for now
  auto g = scores.genuine.begin(), i = scores.impostor.begin();
  auto const g_end = scores.genuine.end(), i_end = scores.impostor.end();
  while (g != g_end || i != i_end) {
    double const threshold = g == g_end ? *i : i == i_end ? *g : std::max(*g, *i);
    while (g != g_end && *g == threshold) ++g;
    while (i != i_end && *i == threshold) ++i;
    points.push_back({static_cast<double>(i - scores.impostor.begin()), static_cast<double>(g - scores.genuine.begin())});
  }
  RocPoint const all = points.back();
  std::vector<RocPoint> curve{{0, 0}};
  for (std::size_t k = 0; k < points.size(); ++k) {
    if constexpr (std::is_same_v<Points, CornersOnly>)
      if (k > 0 && k + 1 < points.size() && points[k + 1].far - 2 * points[k].far + points[k - 1].far == 0 &&
          points[k + 1].tar - 2 * points[k].tar + points[k - 1].tar == 0)
        continue;
    curve.push_back({points[k].far / all.far, points[k].tar / all.tar});
  }
  return curve;
}
/// The same of scores in any order.
///   errors  as SortedScores
template <class Points = AllPoints>
std::vector<RocPoint> roc(std::span<double const> scores, std::span<std::uint8_t const> genuine, Points points = {}) {
  return roc(SortedScores(scores, genuine), points);
}

/// The area below the curve: the probability that a genuine pair scores above an impostor, ties counting half.
inline double auc(std::span<RocPoint const> curve) {
  double area = 0;
  for (std::size_t k = 1; k < curve.size(); ++k) area += (curve[k].far - curve[k - 1].far) * (curve[k].tar + curve[k - 1].tar) / 2;
  return area;
}

/// Which point of the curve is meant by "TAR at a FAR".
/// Reference: the point of CornersOnly whose FAR is nearest to the one wanted, of several the last; it may lie above (the rule of
/// published IJB-C figures). Strict: the best TAR of all points whose FAR is not above the one wanted. Quantile (shi2019's program):
/// the threshold is the q-th largest of n impostor scores, q = n FAR to the nearest integer, halves to the even one; for q = 0 it
/// lies 1e-8 above the largest.
struct Reference {};
struct Strict {};
struct Quantile {};

template <class Rule = Strict>
RocPoint tar_at_far(SortedScores const& scores, double far, Rule = {}) {
  if constexpr (std::is_same_v<Rule, Quantile>) {
    auto const n = static_cast<double>(scores.impostor.size());
    double const q = std::clamp(std::nearbyint(n * far), 0.0, n);
    double const threshold = q == 0 ? scores.impostor.front() + 1e-8 : scores.impostor[static_cast<std::size_t>(q) - 1];
    auto const accepted = [&](std::vector<double> const& sorted) {  // those not below the threshold
      auto const end = std::upper_bound(sorted.begin(), sorted.end(), threshold, std::greater<>{});
      return static_cast<double>(end - sorted.begin()) / static_cast<double>(sorted.size());
    };
    return {accepted(scores.impostor), accepted(scores.genuine)};
  } else {
    constexpr bool strict = std::is_same_v<Rule, Strict>;
    auto const curve = roc(scores, std::conditional_t<strict, AllPoints, CornersOnly>{});
    RocPoint best = curve.front();
    for (RocPoint const& p : curve)
      if (strict ? p.far <= far : std::abs(p.far - far) <= std::abs(best.far - far)) best = p;
    return best;
  }
}
template <class Rule = Strict>
RocPoint tar_at_far(std::span<double const> scores, std::span<std::uint8_t const> genuine, double far, Rule rule = {}) {
  return tar_at_far(SortedScores(scores, genuine), far, rule);
}
}  // namespace berl::eval
