#pragma once
#include <berl/core/threads.hpp>       // parallel_for
#include <berl/eval/roc.hpp>           // SortedScores, tar_at_far
#include <berl/eval/verification.hpp>  // squared_distance, fold_accuracy

#include <nlohmann/json.hpp>  // ordered_json
#include <string>
#include <vector>

#include "strata.hpp"  // strata, conditions_of

namespace joint_training {
using nlohmann::ordered_json;
namespace eval = berl::eval;

inline constexpr struct {
  char const* name;
  double far;
} rates[] = {{"TAR at FAR 1e-3", 1e-3}, {"TAR at FAR 1e-2", 1e-2}};

/// People who were not trained on, and all pairs of their pictures.
class HeldOut {
 public:
  HeldOut(berl::data::SyntheticFaces const& faces, int threads) : pictures_(static_cast<std::size_t>(faces.size())) {
    berl::Context<berl::Host> const ctx{threads, {}};
    berl::parallel_for(ctx, faces.size(),
                       [&](std::ptrdiff_t i) { pictures_[static_cast<std::size_t>(i)] = faces.load(static_cast<int>(i)); });
    for (int i = 0; i < faces.size(); ++i) people_.push_back(faces.label(i)), conditions_.push_back(conditions_of(faces, i));
  }
  std::vector<berl::io::Image> const& pictures() const { return pictures_; }

  /// Of all pairs and of those of each stratum: how many there are, TAR at each FAR among them alone (strict), and accuracy: as
  /// many different pairs as same ones, the threshold of a fold the best one on the other nine. Strata without pairs of both
  /// kinds are left out.
  ordered_json figures(std::vector<std::vector<float>> const& embeddings) const {
    Accuracies const accuracies(*this, embeddings);
    ordered_json all;
    auto const add = [&](char const* name, auto const& contains) {
      std::vector<double> same, different;
      each_pair([&](std::size_t a, std::size_t b) {
        if (contains(harder(conditions_[a], conditions_[b])))
          (people_[a] == people_[b] ? same : different).push_back(eval::cosine(distance(embeddings, a, b)));
      });
      if (same.empty() || different.empty()) return;
      ordered_json& f = all[name] = {{"same", same.size()}, {"different", different.size()}};
      eval::SortedScores const scores(std::move(same), std::move(different));
      for (auto const& [rate, far] : rates) f[rate] = eval::tar_at_far(scores, far).tar;
      f["accuracy"] = accuracies.of(contains);
    };
    add("all", [](Conditions const&) { return true; });
    for (auto const& stratum : strata) add(stratum.name, stratum.contains);
    return all;
  }

 private:
  template <class F>
  void each_pair(F const& f) const {
    for (std::size_t b = 0; b < people_.size(); ++b)
      for (std::size_t a = 0; a < b; ++a) f(a, b);
  }
  static double distance(std::vector<std::vector<float>> const& embeddings, std::size_t a, std::size_t b) {
    return eval::squared_distance(std::span<float const>(embeddings[a]), std::span<float const>(embeddings[b]));
  }

  /// All pairs of one person, each before a pair of that person's picture with one of somebody else.
  struct Accuracies {
    std::vector<double> distances;
    std::vector<std::uint8_t> same;
    std::vector<Conditions> conditions;
    eval::Accuracy all;

    Accuracies(HeldOut const& held_out, std::vector<std::vector<float>> const& embeddings) {
      auto const& people = held_out.people_;
      berl::Random random(berl::named(berl::Seed{}, "different people"));
      auto const add = [&](std::size_t a, std::size_t b) {
        distances.push_back(distance(embeddings, a, b));
        same.push_back(people[a] == people[b]);
        conditions.push_back(harder(held_out.conditions_[a], held_out.conditions_[b]));
      };
      held_out.each_pair([&](std::size_t a, std::size_t b) {
        if (people[a] != people[b]) return;
        std::size_t other = b;
        while (people[other] == people[b]) other = static_cast<std::size_t>(random.below(people.size()));
        add(a, b), add(other, b);
      });
      all = eval::fold_accuracy(distances, same, eval::folds_of(same.size()));
    }
    double of(auto const& contains) const {
      std::vector<std::uint8_t> members;
      for (auto const& c : conditions) members.push_back(contains(c));
      return eval::stratum_accuracy(all, distances, same, members);
    }
  };

  std::vector<berl::io::Image> pictures_;
  std::vector<int> people_;
  std::vector<Conditions> conditions_;
};
}  // namespace joint_training
