#include <berl/eval/roc.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl::eval;

namespace {
constexpr double rounding = 1e-12;  // rates of counted pairs
}

TEST_CASE("TAR at FAR by both rules, and the area, are those of the published program") {
  golden::File const file("metrics_verification");
  auto const scores = file.get("tar/scores");
  auto const genuine = file.get<std::uint8_t>("tar/labels");
  auto const nearest = file.get("tar/nearest"), at_most = file.get("tar/at_most");
  for (std::size_t k = 0; k < nearest.size(); k += 3) {
    auto const reference = tar_at_far(scores, genuine, nearest[k], Reference{});
    CHECK(std::abs(reference.far - nearest[k + 1]) < rounding);
    CHECK(std::abs(reference.tar - nearest[k + 2]) < rounding);
    auto const strict = tar_at_far(scores, genuine, at_most[k], Strict{});
    CHECK(strict.far <= at_most[k]);
    CHECK(std::abs(strict.far - at_most[k + 1]) < rounding);
    CHECK(std::abs(strict.tar - at_most[k + 2]) < rounding);
  }
  CHECK(std::abs(auc(roc(scores, genuine)) - file.get("tar/auc")[0]) < rounding);
  CHECK(std::abs(auc(roc(scores, genuine, CornersOnly{})) - file.get("tar/auc")[0]) < rounding);
}

TEST_CASE("the specification's check values") {
  std::vector<double> scores;
  std::vector<std::uint8_t> genuine;
  for (int i = 0; i < 400; ++i) {
    scores.push_back(std::sin(0.37 * i) + (i % 5 == 0 ? 0.6 : 0) + 0.001 * i);
    genuine.push_back(i % 5 == 0);
  }
  CHECK(roc(scores, genuine, CornersOnly{}).size() == 108);
  CHECK(roc(scores, genuine).size() == 401);
  double const far[] = {0.01, 0.05, 0.1}, reference[] = {0.3375, 0.3625, 0.4}, strict[] = {0.325, 0.35, 0.3875};
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(std::abs(tar_at_far(scores, genuine, far[k], Reference{}).tar - reference[k]) < rounding);
    CHECK(std::abs(tar_at_far(scores, genuine, far[k]).tar - strict[k]) < rounding);
  }
}

TEST_CASE("equal scores are accepted together") {
  std::vector<double> const scores{3, 2, 2, 2, 1};
  std::vector<std::uint8_t> const genuine{1, 1, 0, 1, 0};
  auto const curve = roc(scores, genuine);
  REQUIRE(curve.size() == 4);
  CHECK(curve[2].far == 0.5);
  CHECK(curve[2].tar == 1);
  CHECK(auc(curve) == doctest::Approx(5 / 6.0));  // of six couples four are in order and two are ties
}

TEST_CASE("by the quantile's rule the threshold is an impostor's score") {
  std::vector<double> scores;  // impostors 100, 99, ..., 1; genuine 100.5, 98, 95.5, 0
  std::vector<std::uint8_t> genuine(100, 0);
  for (int i = 1; i <= 100; ++i) scores.push_back(i);
  for (double const s : {100.5, 98.0, 95.5, 0.0}) scores.push_back(s), genuine.push_back(1);
  SortedScores const sorted(scores, genuine);
  struct Case {
    double wanted, far, tar;
  };
  for (auto const& c : {Case{0, 0, 0.25}, Case{0.005, 0, 0.25},  // 0.5 is rounded to 0: above all impostors
                        Case{0.015, 0.02, 0.25},                 // and 1.5 to 2: the threshold is 99
                        Case{0.03, 0.03, 0.5},                   // 98 itself is accepted
                        Case{0.05, 0.05, 0.5}, Case{0.06, 0.06, 0.75}, Case{1, 1, 0.75}}) {
    auto const found = tar_at_far(sorted, c.wanted, Quantile{});
    CHECK(found.far == doctest::Approx(c.far));
    CHECK(found.tar == c.tar);
  }
  auto const close = tar_at_far(std::vector<double>{1, 1 + 1e-9, 1 + 1e-7}, std::vector<std::uint8_t>{0, 1, 1}, 0, Quantile{});
  CHECK(close.tar == 0.5);  // 1e-9 above the largest impostor is not enough
  std::vector<double> const ties{5, 5, 5, 1};
  CHECK(tar_at_far(ties, std::vector<std::uint8_t>{0, 0, 1, 1}, 0.5, Quantile{}).far == 1);  // equal scores go together
}

TEST_CASE("a list without impostors, and a score that is not a number, are refused") {
  CHECK_THROWS_WITH_AS(
      roc(std::vector<double>{1, 2}, std::vector<std::uint8_t>{1, 1}),
      "berl::eval: list of pairs: found 2 genuine pairs of 2; expected pairs of both kinds. Add pairs of the kind that is missing.",
      berl::Error);
  CHECK_THROWS_AS(roc(std::vector<double>{1, std::nan("")}, std::vector<std::uint8_t>{1, 0}), berl::Error);
}
