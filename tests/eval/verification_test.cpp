#include <berl/eval/verification.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl::eval;

namespace {
constexpr double rounding = 1e-12;  // rates of counted pairs
}

TEST_CASE("ten folds are those of the published program") {
  golden::File const file("metrics_verification");
  auto const embeddings = file.get<float>("lfw/embeddings");
  auto const same = file.get<std::uint8_t>("lfw/issame");
  auto const distances = pair_distances(std::span<float const>(embeddings), 16);
  CHECK(golden::deviation(distances, file.get("lfw/dist")) < rounding);

  auto const fold = file.get<int>("lfw/fold_of_pair");
  Folds const folds{distances.size()};
  for (int f = 0; f < 10; ++f)
    for (std::size_t i = folds.first(f); i < folds.first(f + 1); ++i) CHECK(fold[i] == f);

  auto const accuracy = fold_accuracy(distances, same);
  CHECK(golden::deviation(accuracy.per_fold, file.get("lfw/accuracy_per_fold")) < rounding);
  CHECK(golden::deviation(accuracy.thresholds, file.get("lfw/best_threshold_per_fold")) < rounding);
  CHECK(std::abs(accuracy.mean - file.get("lfw/accuracy_mean_std")[0]) < rounding);
  CHECK(std::abs(accuracy.deviation - file.get("lfw/accuracy_mean_std")[1]) < rounding);

  auto const rates = fold_rates(distances, same);
  auto const far = file.get("lfw/fpr"), tar = file.get("lfw/tpr");
  for (std::size_t k = 0; k < rates.size(); ++k) {
    CHECK(std::abs(rates[k].far - far[k]) < rounding);
    CHECK(std::abs(rates[k].tar - tar[k]) < rounding);
  }
  auto const validation = validation_rate(distances, same);
  auto const expected = file.get("lfw/val_valstd_far");
  CHECK(std::abs(validation.rate - expected[0]) < rounding);
  CHECK(std::abs(validation.deviation - expected[1]) < rounding);
  CHECK(std::abs(validation.far - expected[2]) < rounding);
}

TEST_CASE("the specification's check values") {
  std::vector<double> distances;
  std::vector<std::uint8_t> same;
  for (int j = 0; j < 120; ++j) {
    distances.push_back(1.5 + 0.9 * std::sin(1.7 * j) - (j % 2 == 0 ? 0.6 : 0));
    same.push_back(j % 2 == 0);
  }
  auto const accuracy = fold_accuracy(distances, same);
  CHECK(std::abs(accuracy.mean - 0.6666667) < 5e-8);  // seven decimals are printed
  std::vector<double> const thresholds{0.57, 0.57, 0.57, 1.80, 0.57, 1.80, 0.57, 1.80, 0.57, 1.80};
  CHECK(golden::deviation(accuracy.thresholds, thresholds) < rounding);

  // strata: all pairs together, and two halves that make up the whole
  std::vector<std::uint8_t> all(120, 1), half(120), rest(120), none(120);
  for (std::size_t i = 0; i < 120; ++i) half[i] = i % 3 == 0, rest[i] = i % 3 != 0;
  CHECK(stratum_accuracy(accuracy, distances, same, all) == doctest::Approx(accuracy.mean));
  CHECK(stratum_accuracy(accuracy, distances, same, half) / 3 + stratum_accuracy(accuracy, distances, same, rest) * 2 / 3 ==
        doctest::Approx(accuracy.mean));
  CHECK(stratum_accuracy(accuracy, distances, same, none) == 0);
}

TEST_CASE("the length of an embedding does not count") {
  std::vector<float> const a{3, 4}, b{0, 10}, c{-6, -8};
  std::span<float const> const sa(a), sb(b), sc(c);
  CHECK(squared_distance(sa, sb) == doctest::Approx(0.4));
  CHECK(cosine(squared_distance(sa, sb)) == doctest::Approx(0.8));
  CHECK(squared_distance(sa, sc) == doctest::Approx(4));
  CHECK(squared_distance(sa, sa) == 0);
}

TEST_CASE("too few pairs, and a pair without a distance, are refused by name") {
  std::vector<double> distances(9, 1.0);
  std::vector<std::uint8_t> same(9, 1);
  CHECK_THROWS_WITH_AS(
      fold_accuracy(distances, same),
      "berl::eval: list of pairs: found 9 pairs; expected at least one for each of 10 folds. Give more pairs or fewer folds.", berl::Error);
  CHECK(folds_of(9) == 9);
  CHECK(folds_of(2) == 2);
  CHECK(folds_of(6000) == 10);
  CHECK_THROWS_WITH_AS(folds_of(1),
                       "berl::eval: list of pairs: found 1 pair; expected at least 2, one for each of two folds. Give more pairs.",
                       berl::Error);
  CHECK_THROWS_WITH_AS(folds_of(0, "a.csv"), "a.csv: found 0 pairs; expected at least 2, one for each of two folds. Give more pairs.",
                       berl::Error);
  distances.assign(20, 1.0);
  same.assign(20, 1);
  distances[17] = std::nan("");
  CHECK_THROWS_WITH_AS(
      fold_accuracy(distances, same),
      "berl::eval: pair 17: found a distance that is not a number; expected a number. Look for the picture whose embedding is zero "
      "or not finite.",
      berl::Error);
}
