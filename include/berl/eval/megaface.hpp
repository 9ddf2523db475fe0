#pragma once
#include <berl/core/random.hpp>             // Random
#include <berl/eval/distractor_search.hpp>  // DistractorSearch
#include <berl/eval/roc.hpp>                // roc

#include <cstdint>
#include <map>

/// Challenge 1 of MegaFace (kemelmacher2016): is the right face still the best among a million of strangers?
namespace berl::eval {
struct CleaningOptions {
  double noise = 1e-3;  ///< each component is moved by up to this much, before the vector is brought to length 1
  Seed seed{};
};
/// Pictures that do not show whom the list says become the sum of their identity's clean ones, at length 1 (InsightFace's cleaning).
///   shapes  features: (pictures, size), at length 1, as the clean ones must be
///   errors  Error: an identity without a clean picture
inline void clean_probes(std::span<float> features, std::size_t size, std::span<int const> identities, std::span<std::uint8_t const> noisy,
                         CleaningOptions const& options = {}) {
  if (features.size() != identities.size() * size || noisy.size() != identities.size())
    throw std::logic_error("berl::eval::clean_probes: there must be one of each for every picture.");
  std::map<int, std::vector<double>> sums;
  for (std::size_t i = 0; i < identities.size(); ++i)
    if (noisy[i] == 0) {
      auto& sum = sums[identities[i]];
      sum.resize(size);
      for (std::size_t d = 0; d < size; ++d) sum[d] += static_cast<double>(features[i * size + d]);
    }
  for (std::size_t i = 0; i < identities.size(); ++i) {
    if (noisy[i] == 0) continue;
    auto const at = sums.find(identities[i]);
    if (at == sums.end())
      throw Error("berl::eval: identity " + std::to_string(identities[i]), "noisy pictures only", "one clean picture at least",
                  "Leave its pictures out of the lists.");
    Random random(named(options.seed, "clean_probes"), i);
    std::vector<double> moved = at->second;
    double length = 0;
    for (double& v : moved) {
      v += random.uniform(-options.noise, options.noise);
      length += v * v;
    }
    for (std::size_t d = 0; d < size; ++d) features[i * size + d] = static_cast<float>(moved[d] / std::sqrt(length));
  }
}

/// Scores s of all ordered pairs of one identity; of each pair, the first is the probe and the second its only mate in the gallery.
template <class Each>
void for_each_trial(DistractorSearch const& search, std::span<int const> identities, Each const& each) {
  if (identities.size() != search.probes()) throw std::logic_error("berl::eval: there must be one identity for each probe.");
  std::map<int, std::vector<std::size_t>> pictures;
  for (std::size_t i = 0; i < identities.size(); ++i) pictures[identities[i]].push_back(i);
  for (auto const& [identity, own] : pictures)
    for (std::size_t a = 0; a < own.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) {
        float const s = search.between(own[a], own[b]);
        each(own[a], s), each(own[b], s);
      }
}

/// Rates of identification at rank 1, 2, ..., search.options().ranks: trials in which the mate's score is not below number N, from the
/// best, of the probe's scores with the distractors, over all sum of M (M - 1) trials.
///   errors  Error, when no identity has two pictures
inline std::vector<double> identification_rates(DistractorSearch const& search, std::span<int const> identities) {
  std::vector<double> rates(search.options().ranks);
  double trials = 0;
  for_each_trial(search, identities, [&](std::size_t probe, float s) {
    trials += 1;
    for (std::size_t n = rates.size(); n > 0 && s >= search.nth_best(probe, n); --n) rates[n - 1] += 1;
  });
  if (trials == 0)
    throw Error("berl::eval: list of probes", "no identity with two pictures", "one at least", "Give the list of the whole set.");
  for (double& r : rates) r /= trials;
  return rates;
}

/// Verification: TAR over all trials, FAR over all probes and distractors; the curve ends before the least score that was kept, which is
/// number search.options().impostors.
///   errors  Error, when no identity has two pictures or no score was kept
inline std::vector<RocPoint> roc(DistractorSearch const& search, std::span<int const> identities) {
  auto const kept = search.best_impostors();
  std::vector<double> genuine;
  for_each_trial(search, identities, [&](std::size_t, float s) { genuine.push_back(static_cast<double>(s)); });
  auto curve = roc(SortedScores(std::move(genuine), std::vector<double>(kept.begin(), kept.end())));
  double const all = static_cast<double>(search.probes()) * static_cast<double>(search.distractors()),
               some = static_cast<double>(kept.size());
  while (some < all && curve.back().far == 1) curve.pop_back();  // there its equals, which were not kept, would be accepted too
  for (RocPoint& p : curve) p.far *= some / all;
  return curve;
}
/// The best TAR whose FAR is not above the one wanted.
///   errors  as roc; Error: search.options().impostors are too few for that FAR
inline RocPoint tar_at_far(DistractorSearch const& search, std::span<int const> identities, double far) {
  double const all = static_cast<double>(search.probes()) * static_cast<double>(search.distractors());
  auto const accepted = static_cast<std::size_t>(std::floor(all * far)), kept = search.best_impostors().size();
  if (accepted >= kept && static_cast<double>(kept) < all)
    throw Error("berl::eval: FAR " + std::to_string(far), std::to_string(kept) + " scores that were kept",
                std::to_string(accepted + 1) + " at least", "Keep more of them, or give a smaller rate.");
  RocPoint best{0, 0};
  for (RocPoint const& p : roc(search, identities))
    if (p.far <= far) best = p;
  return best;
}
}  // namespace berl::eval
