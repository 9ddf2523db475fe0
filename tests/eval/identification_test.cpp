#include <berl/eval/identification.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using namespace berl::eval;

namespace {
/// With one number each, a score is a product: the gallery's numbers, as a probe of 1 sees them.
struct People {
  std::vector<double> vectors;
  std::vector<int> subjects;
  operator Subjects() const { return {1, vectors, subjects}; }
};
}  // namespace

TEST_CASE("a search finds the mate, the best of the others and the rank between") {
  People const gallery{{0.2, 0.9, 0.5, 0.5}, {1, 2, 3, 4}}, probes{{1, 1, 1, -1, 1}, {2, 3, 1, 1, 9}};
  auto const s = search({}, probes, gallery);  // the fourth probe looks the other way
  REQUIRE(s.size() == 5);
  CHECK((s[0] == Search{true, 0.9, 0.5, 1}));
  CHECK((s[1] == Search{true, 0.5, 0.9, 3}));  // an equal score of another counts against it
  CHECK((s[2] == Search{true, 0.2, 0.9, 4}));
  CHECK((s[3] == Search{true, -0.2, -0.5, 1}));
  CHECK(s[4].rank == 0);
  CHECK_FALSE(s[4].mated);
  CHECK(s[4].other == 0.9);

  People const twice{{0.2, 0.9, 0.5, 0.6}, {1, 2, 3, 3}};  // the better template of 3 is its score, the other one no stranger's
  auto const both = search({}, People{{1}, {3}}, twice);
  CHECK((both[0] == Search{true, 0.6, 0.9, 2}));
}

TEST_CASE("rank rates add up the galleries, and divide by the probes") {
  std::vector<Search> const first{{true, 0.9, 0.5, 1}, {true, 0.4, 0.5, 3}, {false, 0, 0.6, 0}, {false, 0, 0.7, 0}},
      second{{false, 0, 0.1, 0}, {false, 0, 0.2, 0}, {true, 0.9, 0.5, 1}, {true, 0.4, 0.5, 2}};
  std::vector<std::vector<Search>> const both{first, second};
  CHECK(rank_rate(both, 1) == 0.5);
  CHECK(rank_rate(both, 2) == 0.75);
  CHECK(rank_rate(both, 3) == 1);
}

TEST_CASE("TPIR at FPIR: the threshold is a stranger's best score, and the mate must be above it and the best") {
  std::vector<Search> s;
  for (int k = 1; k <= 20; ++k) s.push_back({false, 0, 0.04 * k, 0});  // strangers at 0.04, 0.08, ..., 0.80
  s.push_back({true, 0.90, 0.5, 1});
  s.push_back({true, 0.95, 0.96, 2});  // above any threshold, and not the best
  s.push_back({true, 0.78, 0.2, 1});
  s.push_back({true, 0.76, 0.1, 1});
  struct Case {
    double fpir, threshold, tpir;
  };
  for (auto const& c : {Case{0.01, 0.80, 0.25}, Case{0.05, 0.80, 0.25},  // 0.2 and 1 stranger: one is the least
                        Case{0.1, 0.76, 0.5},                            // 0.76 itself is not above it
                        Case{0.19, 0.72, 0.75},                          // 3.8 are 3
                        Case{1, 0.04, 0.75}}) {
    auto const found = tpir_at_fpir(s, c.fpir);
    CHECK(found.rate == c.tpir);
    CHECK(found.threshold == doctest::Approx(c.threshold));
  }
  CHECK_THROWS_WITH_AS(
      tpir_at_fpir(std::span(s).first(3), 0.1),
      "berl::eval: list of probes: found none of them in the gallery; expected probes of both kinds. Add probes of the kind "
      "that is missing, or use the joined gallery.",
      berl::Error);
  CHECK_THROWS_AS(tpir_at_fpir(std::span(s).subspan(20), 0.1), berl::Error);
}

TEST_CASE("the joined form takes all scores of others, and does not ask for the rank") {
  People const gallery{{0.1, 0.2, 0.3, 0.4}, {1, 2, 3, 4}}, probes{{1, 2, -1, 3}, {4, 1, 2, 3}};
  // mates 0.4, 0.2, -0.2, 0.9; others 0.1 0.2 0.3, 0.4 0.6 0.8, -0.1 -0.3 -0.4, 0.3 0.6 1.2: sorted 1.2 0.8 0.6 0.6 0.4 0.3 0.3 ...
  std::vector<double> const xs{0.01, 0.5, 0.51, 1};
  auto const r = joined_recall({}, probes, gallery, xs);
  CHECK(r[0].threshold == doctest::Approx(1.2));
  CHECK(r[0].rate == 0);
  CHECK(r[1].threshold == doctest::Approx(0.8));
  CHECK(r[1].rate == 0.25);
  CHECK(r[2].threshold == doctest::Approx(0.6));
  CHECK(r[2].rate == 0.25);
  CHECK(r[3].threshold == doctest::Approx(0.6));
  CHECK(r[3].rate == 0.25);
  CHECK_THROWS_AS(joined_recall({}, probes, gallery, std::vector<double>{4}), berl::Error);  // 16 of 12
}

TEST_CASE("a large search is that of plain loops, for any number of threads") {
  constexpr std::size_t size = 20, p = 150, g = 210;
  auto const to_double = [](std::vector<float> const& v) { return std::vector<double>(v.begin(), v.end()); };
  auto const probe = to_double(golden::filled("probes", p * size, 1)), gallery = to_double(golden::filled("gallery", g * size, 1));
  std::vector<int> whose, known;
  for (int i = 0; i < static_cast<int>(p); ++i) whose.push_back(i * 5 % 300);
  for (int i = 0; i < static_cast<int>(g); ++i) known.push_back(i);
  Subjects const probes{size, probe, whose}, people{size, gallery, known};
  auto const found = search({}, probes, people);
  auto const threaded = search({.threads = 3, .scratch = {}}, probes, people);
  for (std::size_t i = 0; i < p; ++i) {
    double mate = 0, other = -1e9;
    std::vector<double> all;
    for (std::size_t k = 0; k < g; ++k) {
      double sum = 0;
      for (std::size_t d = 0; d < size; ++d) sum += probe[i * size + d] * gallery[k * size + d];
      if (known[k] == whose[i])
        mate = sum;
      else
        other = std::max(other, sum), all.push_back(sum);
    }
    CHECK(found[i].mated == (whose[i] < static_cast<int>(g)));
    CHECK(found[i].other == doctest::Approx(other));
    CHECK(threaded[i].other == found[i].other);
    if (!found[i].mated) continue;
    CHECK(found[i].mate == doctest::Approx(mate));
    CHECK(found[i].rank == 1 + static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](double s) { return s >= mate; })));
  }
  CHECK_THROWS_AS(search({}, probes, Subjects{size, {}, {}}), berl::Error);
}
