#include <berl/eval/distractor_search.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using namespace berl::eval;

namespace {
constexpr std::size_t size = 24, n = 150, m = 2500;  // more than one piece of probes and two blocks of distractors
std::vector<float> const probes = golden::filled("probes", n* size, 1), distractors = golden::filled("distractors", m* size, 3);

double cosine_of(std::size_t probe, std::size_t distractor) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < size; ++d) {
    double const a = probes[probe * size + d], b = distractors[distractor * size + d];
    ab += a * b, aa += a * a, bb += b * b;
  }
  return ab / std::sqrt(aa * bb);
}
DistractorSearch searched(Context<Host> const& ctx, std::size_t rows_at_a_time) {
  DistractorSearch search(ctx, probes, size, {.ranks = 5, .impostors = 100});
  for (std::size_t i = 0; i < m; i += rows_at_a_time)
    search.add(std::span(distractors).subspan(i * size, std::min(rows_at_a_time, m - i) * size));
  return search;
}
}  // namespace

TEST_CASE("the best scores are those of all cosines, sorted") {
  Context<Host> const ctx;
  auto const search = searched(ctx, m);
  CHECK(search.distractors() == m);
  constexpr double rounding = 1e-6;  // cosines of float vectors, by float products
  std::vector<double> all;
  for (std::size_t p = 0; p < n; ++p) {
    std::vector<double> scores;
    for (std::size_t k = 0; k < m; ++k) scores.push_back(cosine_of(p, k));
    all.insert(all.end(), scores.begin(), scores.end());
    std::sort(scores.begin(), scores.end(), std::greater<>{});
    for (std::size_t rank = 1; rank <= 5; ++rank) CHECK(std::abs(double{search.nth_best(p, rank)} - scores[rank - 1]) < rounding);
  }
  std::sort(all.begin(), all.end(), std::greater<>{});
  auto const impostors = search.best_impostors();
  REQUIRE(impostors.size() == 100);
  for (std::size_t k = 0; k < 100; ++k) CHECK(std::abs(double{impostors[k]} - all[k]) < rounding);
}

TEST_CASE("threads and blocks of rows do not change a bit") {
  Context<Host> const one, three{.threads = 3, .scratch = {}};
  auto const a = searched(one, m);
  for (std::size_t const rows : {std::size_t{1}, std::size_t{700}, m}) {
    auto const b = searched(three, rows);
    CHECK(b.distractors() == m);
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t rank = 1; rank <= 5; ++rank) CHECK(a.nth_best(p, rank) == b.nth_best(p, rank));
    CHECK(a.best_impostors() == b.best_impostors());
  }
}

TEST_CASE("few distractors, zeros among them, and numbers that are none") {
  Context<Host> const ctx;
  std::vector<float> const two{2, 0, 0, 5};
  DistractorSearch search(ctx, two, 2, {.ranks = 3});
  search.add(std::vector<float>{0, 0, 3, 4, 0, 0});
  CHECK(search.distractors() == 1);
  CHECK(search.left_out() == 2);
  CHECK(search.nth_best(0, 1) == 0.6f);
  CHECK(search.nth_best(1, 1) == 0.8f);
  CHECK(search.nth_best(1, 2) < -1e30f);
  CHECK(search.between(0, 1) == 0);
  CHECK(search.best_impostors().empty());
  CHECK_THROWS_WITH_AS(
      search.add(std::vector<float>{1, 1, INFINITY, 0}),
      "berl::eval: distractor 4: found numbers that are not finite; expected numbers. Look for the picture, or leave it out.", berl::Error);
  CHECK_THROWS_WITH_AS(DistractorSearch(ctx, std::vector<float>{1, 1, 0, 0}, 2),
                       "berl::eval: probe 1: found an embedding of zeros; expected numbers. Look for the picture, or leave it out.",
                       berl::Error);
  CHECK_THROWS_AS(DistractorSearch(ctx, std::vector<float>{1, 1, 1}, 2), std::logic_error);
}
