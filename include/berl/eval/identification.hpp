#pragma once
#include <berl/core/error.hpp>       // Error
#include <berl/eval/similarity.hpp>  // similarities, Largest

#include <algorithm>  // max, sort
#include <cmath>      // ceil, floor
#include <cstddef>
#include <functional>  // greater
#include <limits>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <vector>

/// Who is it? Searches of probes in a gallery of known people (maze2018, 1:N).
namespace berl::eval {
/// Vectors of length 1, and whose they are.
///   shapes  vectors: (subjects, size)
struct Subjects {
  std::size_t size;
  std::span<double const> vectors;
  std::span<int const> subjects;
};

/// What a probe found in a gallery; the score of several templates of one subject is that of the best.
struct Search {
  bool mated = false;    ///< whether its subject is in the gallery
  double mate = 0;       ///< the subject's own score, where mated
  double other = 0;      ///< the best score of all others
  std::size_t rank = 0;  ///< 1 + templates of others whose score is not below the mate's; 0 where not mated
  bool operator==(Search const&) const = default;
};

namespace detail {
inline void check_subjects(Subjects const& s, char const* what) {
  if (s.size == 0 || s.vectors.size() != s.subjects.size() * s.size)
    throw std::logic_error("berl::eval: there must be one vector for each subject.");
  if (s.subjects.empty())
    throw Error(std::string("berl::eval: ") + what, "nobody", "one template at least", "Give the list that belongs to the set.");
}
/// Calls each(probe, its scores in the order of the gallery), a few probes at a time.
template <class Each>
void for_each_probe(Context<Host> const& ctx, Subjects const& probes, Subjects const& gallery, Each const& each) {
  check_subjects(probes, "probes"), check_subjects(gallery, "gallery");
  if (probes.size != gallery.size) throw std::logic_error("berl::eval: probes and gallery must have vectors of one size.");
  constexpr std::size_t block = 64;
  std::size_t const n = gallery.subjects.size();
  auto const columns = transposed(gallery.vectors, gallery.size);
  std::vector<double> scores(block * n);
  for (std::size_t first = 0; first < probes.subjects.size(); first += block) {
    std::size_t const count = std::min(block, probes.subjects.size() - first);
    auto const some = std::span(scores).first(count * n);
    similarities<double>(ctx, probes.vectors.subspan(first * probes.size, count * probes.size), probes.size, columns, some);
    for (std::size_t k = 0; k < count; ++k) each(first + k, std::span<double const>(some).subspan(k * n, n));
  }
}
}  // namespace detail

/// Searches for every probe in one gallery.
///   errors  Error, when there is no probe or the gallery is empty
inline std::vector<Search> search(Context<Host> const& ctx, Subjects const& probes, Subjects const& gallery) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  std::vector<Search> all(probes.subjects.size());
  detail::for_each_probe(ctx, probes, gallery, [&](std::size_t p, std::span<double const> scores) {
    Search s{.mate = none, .other = none};
    for (std::size_t g = 0; g < scores.size(); ++g) {
      bool const own = gallery.subjects[g] == probes.subjects[p];
      s.mated = s.mated || own;
      double& best = own ? s.mate : s.other;
      best = std::max(best, scores[g]);
    }
    if (s.mated) {
      s.rank = 1;
      for (std::size_t g = 0; g < scores.size(); ++g) s.rank += gallery.subjects[g] != probes.subjects[p] && scores[g] >= s.mate ? 1 : 0;
    }
    all[p] = s;
  });
  return all;
}

/// How often the mate is among the k best: counts of all galleries, over the number of probes, each of which is mated in one gallery.
inline double rank_rate(std::span<std::vector<Search> const> galleries, std::size_t k) {
  double found = 0;
  for (auto const& searches : galleries)
    for (Search const& s : searches) found += s.mated && s.rank <= k ? 1 : 0;
  return galleries.empty() || galleries[0].empty() ? 0 : found / static_cast<double>(galleries[0].size());
}

struct TruePositives {
  double rate = 0, threshold = 0;
};
/// TPIR at FPIR: mated probes whose mate is the best and lies above the threshold (both strictly), over all mated ones.
///   threshold: number q = max(floor(n FPIR), 1), from the largest, of the best scores of the n probes that are not mated
///   errors  Error, when all probes are mated, or none is
inline TruePositives tpir_at_fpir(std::span<Search const> searches, double fpir) {
  std::vector<double> strangers;
  double mated = 0;
  for (Search const& s : searches) {
    if (s.mated)
      mated += 1;
    else
      strangers.push_back(s.other);
  }
  if (strangers.empty() || mated == 0)
    throw Error("berl::eval: list of probes", std::string(strangers.empty() ? "all" : "none") + " of them in the gallery",
                "probes of both kinds", "Add probes of the kind that is missing, or use the joined gallery.");
  std::sort(strangers.begin(), strangers.end(), std::greater<>{});
  auto const n = strangers.size();
  auto const q = std::clamp(static_cast<std::size_t>(std::floor(static_cast<double>(n) * fpir)), std::size_t{1}, n);
  TruePositives t{.threshold = strangers[q - 1]};
  for (Search const& s : searches) t.rate += s.mated && s.mate > s.other && s.mate > t.threshold ? 1 : 0;
  t.rate /= mated;
  return t;
}

/// The older form, of one gallery in which every probe is mated: the part of all scores of mates above number ceil(Q x), from the
/// largest, of all scores of others, Q being the number of probes; whether the mate is the best does not count.
inline std::vector<TruePositives> joined_recall(Context<Host> const& ctx, Subjects const& probes, Subjects const& gallery,
                                                std::span<double const> xs) {
  auto const number = [&](double x) {
    return std::max<std::size_t>(static_cast<std::size_t>(std::ceil(static_cast<double>(probes.subjects.size()) * x)), 1);
  };
  std::size_t most = 1;
  for (double const x : xs) most = std::max(most, number(x));
  Largest<double> others(most);
  std::vector<double> mates;
  detail::for_each_probe(ctx, probes, gallery, [&](std::size_t p, std::span<double const> scores) {
    for (std::size_t g = 0; g < scores.size(); ++g)
      if (gallery.subjects[g] == probes.subjects[p])
        mates.push_back(scores[g]);
      else
        others.add(scores[g]);
  });
  auto const sorted = others.sorted();
  if (mates.empty() || sorted.size() < most)
    throw Error(
        "berl::eval: joined gallery", std::to_string(mates.size()) + " scores of mates and " + std::to_string(sorted.size()) + " of others",
        "one of mates and " + std::to_string(most) + " of others", "Give the galleries that belong to the probes, or a smaller rate.");
  std::vector<TruePositives> result;
  for (double const x : xs) {
    TruePositives t{.threshold = sorted[number(x) - 1]};
    for (double const m : mates) t.rate += m > t.threshold ? 1 : 0;
    t.rate /= static_cast<double>(mates.size());
    result.push_back(t);
  }
  return result;
}
}  // namespace berl::eval
