#include <berl/eval/megaface.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>
#include <numbers>  // pi

using namespace berl;
using namespace berl::eval;

namespace {
/// Vectors of length 1 in the plane, at these angles in degrees; scores are cosines of differences.
std::vector<float> at(std::initializer_list<double> degrees) {
  std::vector<float> v;
  for (double const a : degrees)
    v.push_back(static_cast<float>(std::cos(a * std::numbers::pi / 180))),
        v.push_back(static_cast<float>(std::sin(a * std::numbers::pi / 180)));
  return v;
}
Context<Host> const ctx;
}  // namespace

TEST_CASE("a trial succeeds where the mate is nearer to the probe than the N-th nearest distractor") {
  DistractorSearch search(ctx, at({0, 10, 30, 100, 190}), 2, {.ranks = 3});
  search.add(at({15, 35, 250}));
  std::vector<int> const identities{4, 4, 4, 8, 8};
  // identity 4: 0 has distractors 15, 35, 110 away, 10 has 5, 25, 120, 30 has 5, 15, 140; identity 8: 100 has 65, 85, 150, 190 has 60, 155,
  // 175 probe 0: mate 10 (rank 1), 30 (rank 2); 10: mates 10 away (2), 20 away (2); 30: 30 away (3), 20 away (3); 100: 90 (3); 190: 90 (2)
  auto const rates = identification_rates(search, identities);
  REQUIRE(rates.size() == 3);
  CHECK(rates[0] == doctest::Approx(1 / 8.0));
  CHECK(rates[1] == doctest::Approx(5 / 8.0));
  CHECK(rates[2] == doctest::Approx(1));
  CHECK_THROWS_AS(identification_rates(search, std::vector<int>{1, 2, 3, 4, 5}), berl::Error);
}

TEST_CASE("an equal score is a success") {
  DistractorSearch search(ctx, std::vector<float>{1, 0, 0, 1}, 2);
  search.add(std::vector<float>{-1, 0, 0, -1});
  CHECK(identification_rates(search, std::vector<int>{1, 1})[0] == 1);  // 0 and 0
}

TEST_CASE("rates are those of plain loops over all trials") {
  constexpr std::size_t n = 40, m = 300, size = 8;
  auto const probes = golden::filled("probes", n * size, 1), distractors = golden::filled("distractors", m * size, 1);
  std::vector<int> identities;
  for (int i = 0; i < static_cast<int>(n); ++i) identities.push_back(i * i % 7);
  DistractorSearch search(ctx, probes, size, {.ranks = 10, .impostors = 2000});
  search.add(distractors);
  auto const cosine = [&](float const* a, float const* b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t d = 0; d < size; ++d)
      ab += double{a[d]} * double{b[d]}, aa += double{a[d]} * double{a[d]}, bb += double{b[d]} * double{b[d]};
    return ab / std::sqrt(aa * bb);
  };
  std::vector<double> rates(10), impostors, genuine;
  for (std::size_t p = 0; p < n; ++p) {
    std::vector<double> scores;
    for (std::size_t k = 0; k < m; ++k) scores.push_back(cosine(&probes[p * size], &distractors[k * size]));
    impostors.insert(impostors.end(), scores.begin(), scores.end());
    std::sort(scores.begin(), scores.end(), std::greater<>{});
    for (std::size_t g = 0; g < n; ++g)
      if (g != p && identities[g] == identities[p]) {
        double const s = cosine(&probes[p * size], &probes[g * size]);
        genuine.push_back(s);
        for (std::size_t k = 0; k < 10; ++k) rates[k] += s >= scores[k] ? 1 : 0;
      }
  }
  for (double& r : rates) r /= static_cast<double>(genuine.size());
  CHECK(golden::deviation(identification_rates(search, identities), rates) < 1e-12);
  std::sort(impostors.begin(), impostors.end(), std::greater<>{});
  for (double const far : {0.0, 1e-3, 0.01, 0.1}) {
    double const threshold = impostors[static_cast<std::size_t>(far * n * m)];
    auto const found = tar_at_far(search, identities, far);
    CHECK(found.far <= far);
    CHECK(found.tar ==
          doctest::Approx(static_cast<double>(std::count_if(genuine.begin(), genuine.end(), [&](double s) { return s > threshold; })) /
                          static_cast<double>(genuine.size())));
  }
  CHECK_THROWS_AS(tar_at_far(search, identities, 0.5), berl::Error);  // 6000 of the 2000 that were kept

  // The curve is the beginning of that of all scores, with those that were not kept.
  std::vector<double> scores = genuine;
  scores.insert(scores.end(), impostors.begin(), impostors.end());
  std::vector<std::uint8_t> is_genuine(scores.size());
  std::fill_n(is_genuine.begin(), genuine.size(), std::uint8_t{1});
  auto const whole = roc(scores, is_genuine), part = roc(search, identities);
  REQUIRE(part.size() > 1000);
  CHECK(part.back().far == doctest::Approx(1999 / static_cast<double>(n * m)));
  for (RocPoint const& p : part) {
    double tar = 0;
    for (RocPoint const& w : whole)
      if (w.far <= p.far + 1e-9) tar = w.tar;
    CHECK(p.tar <= tar + 1e-12);
  }
  DistractorSearch complete(ctx, probes, size, {.ranks = 1, .impostors = n * m});
  complete.add(distractors);
  CHECK(roc(complete, identities).back().far == 1);
  CHECK(tar_at_far(complete, identities, 1).tar == 1);
}

TEST_CASE("a noisy picture becomes the sum of the clean ones of its identity") {
  auto features = at({0, 90, 180, 45});
  std::vector<int> const identities{1, 1, 1, 2};
  std::vector<std::uint8_t> const noisy{0, 0, 1, 0};
  auto exact = features;
  clean_probes(exact, 2, identities, noisy, {.noise = 0});
  for (std::size_t i : {0u, 1u, 2u, 3u, 6u, 7u}) CHECK(exact[i] == features[i]);  // the clean ones are as they were
  CHECK(exact[4] == doctest::Approx(std::sqrt(0.5)));
  CHECK(exact[5] == doctest::Approx(std::sqrt(0.5)));

  auto moved = features, again = features, other = features;
  clean_probes(moved, 2, identities, noisy);
  clean_probes(again, 2, identities, noisy);
  clean_probes(other, 2, identities, noisy, {.seed = {1}});
  CHECK(moved == again);
  CHECK(moved != other);
  CHECK(moved[4] * moved[4] + moved[5] * moved[5] == doctest::Approx(1));
  // the sum (1, 1) is moved by up to 0.001 in each component: its direction by up to 0.001
  CHECK(std::abs(moved[4] - exact[4]) > 0);
  CHECK(std::abs(moved[4] - exact[4]) < 0.001f);

  CHECK_THROWS_WITH_AS(
      clean_probes(features, 2, identities, std::vector<std::uint8_t>{0, 0, 0, 1}),
      "berl::eval: identity 2: found noisy pictures only; expected one clean picture at least. Leave its pictures out of the "
      "lists.",
      berl::Error);
}
