#pragma once
#include <berl/core/error.hpp>  // Error

#include <algorithm>  // count_if, stable_sort
#include <cmath>      // abs, isnan
#include <cstddef>
#include <cstdint>
#include <numeric>  // iota
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <type_traits>  // is_same_v
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

namespace detail {
inline void check_scores(std::span<double const> scores, std::span<std::uint8_t const> genuine) {
  if (scores.size() != genuine.size()) throw std::logic_error("berl::eval: there must be one score for each pair.");
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i]))
      throw Error("berl::eval: pair " + std::to_string(i), "a score that is not a number", "a number",
                  "Look for the picture whose embedding is not finite.");
  auto const yes = static_cast<std::size_t>(std::count_if(genuine.begin(), genuine.end(), [](std::uint8_t g) { return g != 0; }));
  if (yes == 0 || yes == genuine.size())
    throw Error("berl::eval: list of pairs", std::to_string(yes) + " genuine pairs of " + std::to_string(genuine.size()),
                "pairs of both kinds", "Add pairs of the kind that is missing.");
}
}  // namespace detail

/// One point for each threshold, from (0, 0) to (1, 1). Equal scores are accepted together.
///   errors  Error, when all pairs are of one kind or a score is not a number
template <class Points = AllPoints>
std::vector<RocPoint> roc(std::span<double const> scores, std::span<std::uint8_t const> genuine, Points = {}) {
  detail::check_scores(scores, genuine);
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<RocPoint> points;  // counts, for now
  double accepted = 0, wrong = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    (genuine[order[k]] ? accepted : wrong) += 1;
    if (k + 1 == order.size() || scores[order[k + 1]] != scores[order[k]]) points.push_back({wrong, accepted});
  }
  std::vector<RocPoint> curve{{0, 0}};
  for (std::size_t k = 0; k < points.size(); ++k) {
    if constexpr (std::is_same_v<Points, CornersOnly>)
      if (k > 0 && k + 1 < points.size() && points[k + 1].far - 2 * points[k].far + points[k - 1].far == 0 &&
          points[k + 1].tar - 2 * points[k].tar + points[k - 1].tar == 0)
        continue;
    curve.push_back({points[k].far / wrong, points[k].tar / accepted});
  }
  return curve;
}

/// The area below the curve: the probability that a genuine pair scores above an impostor, ties counting half.
inline double auc(std::span<RocPoint const> curve) {
  double area = 0;
  for (std::size_t k = 1; k < curve.size(); ++k) area += (curve[k].far - curve[k - 1].far) * (curve[k].tar + curve[k - 1].tar) / 2;
  return area;
}

/// Reference: the point of CornersOnly whose FAR is nearest to the one wanted, of several the last; it may lie above (the rule of
/// published IJB-C figures). Strict: the best TAR of all points whose FAR is not above the one wanted.
struct Reference {};
struct Strict {};

template <class Rule = Strict>
RocPoint tar_at_far(std::span<double const> scores, std::span<std::uint8_t const> genuine, double far, Rule = {}) {
  constexpr bool strict = std::is_same_v<Rule, Strict>;
  auto const curve = [&] {
    if constexpr (strict)
      return roc(scores, genuine, AllPoints{});
    else
      return roc(scores, genuine, CornersOnly{});
  }();
  RocPoint best = curve.front();
  for (RocPoint const& p : curve)
    if (strict ? p.far <= far : std::abs(p.far - far) <= std::abs(best.far - far)) best = p;
  return best;
}
}  // namespace berl::eval
