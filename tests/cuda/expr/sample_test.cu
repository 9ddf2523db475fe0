#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/expr/sample.hpp>

#include <atomic>
#include <vector>

using namespace berl;
using namespace berl::gpu;
using namespace berl::expr::detail;

static_assert(pixels_of<float, Shape<3, 8, 8>> == 4 && pixels_of<double, Shape<1, 6, 5>> == 2 && pixels_of<float, Shape<3, 5, 7>> == 1);

namespace {
using L = scene::Leaves<6, 4>;
struct Mean;
constexpr auto region = L::colour * L::depth + L::row * L::shared + L::column;  // no lets
constexpr auto centred = L::colour - expr::let<Mean>(expr::mean(L::depth * 2));
constexpr auto scaled = L::colour * expr::let<Mean>(L::shared * 2);
template <class N>
using RowsOf = Rows<float, leaves_of<std::remove_cvref_t<N>>, sample_lets_of<std::remove_cvref_t<N>>>;
static_assert(any_sums<sample_lets_of<std::remove_cvref_t<decltype(centred)>>>);
static_assert(!any_sums<sample_lets_of<std::remove_cvref_t<decltype(scaled)>>>);

template <class... Os>
std::vector<float> lets_of_pixel(auto const& rows, expr::Types<Os...>) {
  return {rows.template once<Os>(0)...};
}
}  // namespace

TEST_CASE_TEMPLATE("packs are all pixels, each once", Team, Solo, Crew<5>) {
  std::atomic<int> seen[35] = {}, odd = 0;
  work<Team>([&](Team team) {
    for_packs<float, Shape<3, 6, 4>>(team, [&](int first) {
      odd += first % 4;
      for (int k = 0; k < 4; ++k) ++seen[first + k];
    });
    for_packs<float, Shape<1, 5, 7>>(team, [&](int first) { ++seen[first]; });  // one by one
  });
  CHECK(odd == 0);
  for (int i = 0; i < 35; ++i) CHECK(seen[i] == (i < 24 ? 2 : 1));
}

TEST_CASE("a pack has the values of its pixels, whatever the leaf's shape") {
  scene::Values<float, 6, 4> const values;
  RowsOf<decltype(region)> const rows(scene::bound<6, 4>(values), 1);
  using Region = std::remove_cvref_t<decltype(region)>;
  using S = Shape<3, 6, 4>;
  for (int first = 0; first < 24; first += 4) {
    PackRows<float, Region, 4, RowsOf<decltype(region)>> const pack(rows, first);
    for (int k = 0; k < 4; ++k) {
      int const p = first + k;
      for (int c = 0; c < 3; ++c) {
        CHECK(pack.load<std::remove_cvref_t<decltype(L::colour)>, S>(c, k) == values.colour.read().sample(1)[c * 24 + p]);
        CHECK(pack.load<std::remove_cvref_t<decltype(L::depth)>, S>(c, k) == values.depth.read().sample(1)[p]);
        CHECK(pack.load<std::remove_cvref_t<decltype(L::column)>, S>(c, k) == values.column.read().sample(1)[c * 6 + p / 4]);
      }
      CHECK(pack.load<std::remove_cvref_t<decltype(L::row)>, S>(0, k) == values.row.read().sample(1)[p % 4]);
      CHECK(pack.load<std::remove_cvref_t<decltype(L::shared)>, S>(0, k) == values.shared[0]);
    }
  }
}

TEST_CASE_TEMPLATE("the lets of one pixel are the same for all members, sums among them", Team, Solo, Crew<5>) {
  scene::Values<float, 6, 4> const values;
  double mean = 0;
  for (int p = 0; p < 24; ++p) mean += 2 * static_cast<double>(values.depth.read().sample(2)[p]) / 24;
  std::atomic<int> members = 0;
  work<Team>([&](Team team) {
    RowsOf<decltype(centred)> sums(scene::bound<6, 4>(values), 2);
    RowsOf<decltype(scaled)> single(scene::bound<6, 4>(values), 2);
    evaluate_once_together<float>(team, centred, sums, sample_lets_of<std::remove_cvref_t<decltype(centred)>>{});
    evaluate_once_together<float>(team, scaled, single, sample_lets_of<std::remove_cvref_t<decltype(scaled)>>{});
    auto const found = lets_of_pixel(sums, sample_lets_of<std::remove_cvref_t<decltype(centred)>>{});
    auto const twice = lets_of_pixel(single, sample_lets_of<std::remove_cvref_t<decltype(scaled)>>{});
    bool const right = found.size() == 1 && std::abs(found[0] - mean) < 1e-6 /* 24 roundings of numbers below 2 */ && twice.size() == 1 &&
                       twice[0] == 2 * values.shared[0];
    members += right ? 1 : 0;
  });
  CHECK(members == Team::size);
}

TEST_CASE("views that packs may not be moved from are refused") {
  scene::Values<float, 6, 4> const values;
  Read<float, Shape<3, 6, 4>, Host> const shifted(values.colour.span().data() + 1, 1);
  auto const known = expr::bind(L::colour = shifted, L::shared = values.shared.read());
  CHECK_THROWS_AS(require_aligned_views("here", known, leaves_of<std::remove_cvref_t<decltype(scaled)>>{}), Error);
  auto const aligned_ones = expr::bind(L::colour = values.colour.read(), L::shared = values.shared.read());
  CHECK_NOTHROW(require_aligned_views("here", aligned_ones, leaves_of<std::remove_cvref_t<decltype(scaled)>>{}));
}
