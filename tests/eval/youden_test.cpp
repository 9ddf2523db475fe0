#include <berl/eval/youden.hpp>

#include <doctest/doctest.h>

using namespace berl::eval;

TEST_CASE("the threshold weighs rates, not counts") {
  // Two folds of 1 genuine and 9 impostors with equal scores: 0.85 accepts the genuine pair at 1.0 and no impostor (0, 0.1, ..., 0.8).
  std::vector<double> scores;
  std::vector<std::uint8_t> same;
  for (int f = 0; f < 2; ++f) {
    scores.push_back(f == 0 ? 1.0 : 0.75), same.push_back(1);
    for (int k = 0; k < 9; ++k) scores.push_back(0.1 * k), same.push_back(0);
  }
  auto const a = youden_accuracy(scores, same, 2);
  REQUIRE(a.per_fold.size() == 2);
  // Fold 0 is judged by fold 1: scores 0 to 0.8, the genuine pair at 0.75. The best gain, 1 - 1/9, begins at the first of 0.0008 k that
  // is not below 0.7: 0.7 = 0.0008 * 875, where rounding decides between k = 875 and 876.
  CHECK(a.thresholds[0] == doctest::Approx(0.7).epsilon(0.0012));
  CHECK(a.per_fold[0] == 0.9);  // 0.8 is accepted
  // Fold 1 is judged by fold 0: the gain is 1 from 0.8 on, up to 1.0; steps of 0.001.
  CHECK(a.thresholds[1] == doctest::Approx(0.8).epsilon(0.0013));
  CHECK(a.per_fold[1] == 0.9);  // its genuine pair is refused
  CHECK(a.mean == doctest::Approx(0.9));
  CHECK(a.standard_error == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("the standard error is the sample's deviation over the root of the folds") {
  // Three folds whose pairs are all at 1 (same) and 0, but that fold 0 has a quarter, and fold 1 half of them the wrong way round.
  std::vector<double> scores;
  std::vector<std::uint8_t> same;
  for (int f = 0; f < 3; ++f)
    for (int k = 0; k < 8; ++k) {
      bool const genuine = k % 2 == 0, wrong = (f == 0 && k < 2) || (f == 1 && k < 4);
      same.push_back(genuine), scores.push_back(genuine != wrong ? 1 : 0);
    }
  auto const a = youden_accuracy(scores, same, 3);
  CHECK(a.per_fold == std::vector<double>{0.75, 0.5, 1});
  CHECK(a.mean == doctest::Approx(0.75));
  CHECK(a.standard_error == doctest::Approx(0.25 / std::sqrt(3.0)));  // 0.75, 0.5, 1: sample deviation 0.25
  CHECK(a.thresholds == std::vector<double>(3, 0.001));               // the first value; "same" is strictly above it
}

TEST_CASE("where the other folds have pairs of one kind, the threshold is the first; a score that is not a number is refused") {
  std::vector<double> scores{1, 2, 3, 4};
  auto const a = youden_accuracy(scores, std::vector<std::uint8_t>{1, 0, 1, 1}, 2);
  CHECK(a.thresholds[0] == doctest::Approx(3.001));  // accepts 4 and not 3 itself, as do all below 4
  scores[2] = std::nan("");
  CHECK_THROWS_AS(youden_accuracy(scores, std::vector<std::uint8_t>{1, 0, 1, 0}, 2), berl::Error);
}
