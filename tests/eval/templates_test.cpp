#include <berl/eval/templates.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;
using namespace berl::eval;

namespace {
constexpr double rounding = 1e-12;  // sums of a few doubles

/// Template 7: two frames of film 1 and a picture; template 3: one picture. The order is mixed, and media are numbered anew in each.
struct Small {
  std::vector<float> plain{3, 0, 0, 2, 1, 0, 0, 8}, mirrored{1, 0, 0, 2, 0, 1, 0, 8};
  std::vector<float> detector{0.5f, 1.f, 0.25f, 1.f};
  std::vector<int> id{7, 3, 7, 7}, medium{1, 1, 2, 1};
  TemplateFaces faces() const {
    return {.size = 2, .plain = plain, .mirrored = mirrored, .detector = detector, .template_id = id, .medium = medium};
  }
};
void check(Templates const& t, int id, double x, double y) {
  double const length = std::sqrt(x * x + y * y);
  auto const v = t.vector(t.place(id));
  CHECK(std::abs(v[0] - x / length) < rounding);
  CHECK(std::abs(v[1] - y / length) < rounding);
}
}  // namespace

TEST_CASE("media are averaged and added up; plain is the mean of all faces") {
  Small const s;
  auto const media = template_vectors(s.faces(), {.flip = false, .detector = false});
  CHECK(media.ids == std::vector<int>{3, 7});
  check(media, 3, 0, 1);
  check(media, 7, 1.5 + 1, 4 + 0);  // film (3, 0), (0, 8); picture (1, 0)
  check(template_vectors(s.faces(), {.flip = false, .detector = false, .aggregation = Aggregation::plain}), 7, 4, 8);
}

TEST_CASE("each switch does one thing, in the order F, N, D") {
  Small const s;
  check(template_vectors(s.faces(), {.detector = false}), 7, (4 + 0) / 2.0 + 1, (0 + 16) / 2.0 + 1);
  check(template_vectors(s.faces(), {.flip = false, .norm = false, .detector = false}), 7, 0.5 + 1, 0.5);
  check(template_vectors(s.faces(), {.flip = false}), 7, 1.5 / 2 + 0.25, 8 / 2.0);
  double const half = std::sqrt(0.5);
  check(template_vectors(s.faces(), {.norm = false}), 7, 0.5 / 2 + 0.25 * half, 1 / 2.0 + 0.25 * half);
}

TEST_CASE("many templates are those of a plain sum over their faces") {
  constexpr std::size_t n = 200, size = 16;
  auto const plain = golden::filled("plain", n * size, 1), mirrored = golden::filled("mirrored", n * size, 1);
  auto const detector = golden::filled("detector", n, 0.5, 0.5);
  std::vector<int> id, medium;
  for (int i = 0; i < static_cast<int>(n); ++i) id.push_back(i * 7 % 23 - 5), medium.push_back(i * 11 % 5);
  TemplateFaces const faces{.size = size, .plain = plain, .mirrored = mirrored, .detector = detector, .template_id = id, .medium = medium};
  for (int switches = 0; switches < 16; ++switches) {
    TemplateOptions const o{.flip = (switches & 1) != 0,
                            .norm = (switches & 2) != 0,
                            .detector = (switches & 4) != 0,
                            .aggregation = (switches & 8) != 0 ? Aggregation::media : Aggregation::plain};
    auto const templates = template_vectors(faces, o);
    REQUIRE(templates.ids.size() == 23);
    for (std::size_t k = 0; k < templates.ids.size(); ++k) {
      std::vector<double> sum(size);
      for (int m = 0; m < 5; ++m) {
        std::vector<double> of_medium(size);
        double count = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (id[i] != templates.ids[k] || (o.aggregation == Aggregation::media && medium[i] != m)) continue;
          count += 1;
          double length = 0;
          std::vector<double> e(size);
          for (std::size_t d = 0; d < size; ++d) {
            e[d] = double{plain[i * size + d]} + (o.flip ? double{mirrored[i * size + d]} : 0);
            length += e[d] * e[d];
          }
          for (std::size_t d = 0; d < size; ++d)
            of_medium[d] += e[d] / (o.norm ? 1 : std::sqrt(length)) * (o.detector ? double{detector[i]} : 1);
        }
        for (std::size_t d = 0; d < size; ++d) sum[d] += count > 0 ? of_medium[d] / count : 0;
      }
      double length = 0;
      for (double const v : sum) length += v * v;
      for (double& v : sum) v /= std::sqrt(length);
      CHECK(golden::deviation(templates.vector(k), sum) < rounding);
    }
  }
}

TEST_CASE("scores of pairs are cosines, for any number of threads") {
  constexpr int n = 30, size = 12;
  auto const plain = golden::filled("plain", n * size, 1);
  std::vector<int> id, a, b;
  for (int i = 0; i < n; ++i) id.push_back(100 + i);
  for (int k = 0; k < 10'000; ++k) a.push_back(100 + k % n), b.push_back(100 + k * 13 / 7 % n);
  auto const t = template_vectors({.size = size, .plain = plain, .mirrored = {}, .detector = {}, .template_id = id, .medium = {}},
                                  {.flip = false, .detector = false, .aggregation = Aggregation::plain});
  auto const scores = pair_scores({}, t, a, b);
  for (std::size_t k = 0; k < a.size(); k += 97) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t d = 0; d < size; ++d) {
      double const x = plain[static_cast<std::size_t>(a[k] - 100) * size + d], y = plain[static_cast<std::size_t>(b[k] - 100) * size + d];
      ab += x * y, aa += x * x, bb += y * y;
    }
    CHECK(std::abs(scores[k] - ab / std::sqrt(aa * bb)) < rounding);
  }
  CHECK(pair_scores({.threads = 3, .scratch = {}}, t, a, b) == scores);
}

TEST_CASE("where faces are left out, templates without a face and their pairs go with them") {
  Small const s;
  auto faces = s.faces();
  std::vector<std::uint8_t> const keep{0, 1, 1, 0}, fewer{1, 0, 1, 0};
  TemplateOptions const options{.flip = false, .detector = false};
  faces.keep = keep;
  auto const some = template_vectors(faces, options);
  check(some, 7, 1, 0);
  check(some, 3, 0, 1);
  faces.keep = fewer;
  auto const one = template_vectors(faces, options);
  CHECK(one.ids == std::vector<int>{7});
  std::vector<int> const a{7, 3, 7}, b{7, 7, 3};
  CHECK(surviving_pairs(some, a, b) == std::vector<std::size_t>{0, 1, 2});
  CHECK(surviving_pairs(one, a, b) == std::vector<std::size_t>{0});
  CHECK_THROWS_WITH_AS(pair_scores({}, one, a, b),
                       "berl::eval: template 3: found no face of it; expected one at least. Give the list of faces of the same set.",
                       berl::Error);
}

TEST_CASE("an embedding of zeros, and one that is not finite, are named") {
  Small s;
  s.plain[2] = s.plain[3] = 0;
  CHECK_THROWS_WITH_AS(
      template_vectors(s.faces(), {.flip = false, .norm = false}),
      "berl::eval: face 1: found an embedding that is zero or not finite; expected numbers. Look for the picture, or leave "
      "it out.",
      berl::Error);
  CHECK_THROWS_WITH_AS(template_vectors(s.faces(), {.flip = false}),
                       "berl::eval: template 3: found a vector that is zero or not finite; expected numbers. Look for the picture whose "
                       "embedding is zero or not finite.",
                       berl::Error);
  s.plain[2] = std::nanf("");
  CHECK_THROWS_AS(template_vectors(s.faces()), berl::Error);
  s.id.pop_back();
  CHECK_THROWS_AS(template_vectors(s.faces()), std::logic_error);
}
