#include <berl/data/pretext.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace berl;
using namespace berl::data;

namespace {
struct Two {
  int size() const { return 2; }
  int identities() const { return 1; }
  int label(int) const { return 0; }
  std::string name(int i) const { return std::string(1, 'p') + std::to_string(i); }
  io::Image load(int i) const {
    auto picture = io::blank(10, 10, 3);
    for (std::size_t k = 0; k < picture.pixels.size(); ++k)
      picture.pixels[k] = static_cast<std::uint8_t>(k % 251 + static_cast<std::size_t>(i));
    return picture;
  }
};
static_assert(Dataset<Rotations<Two>> && Dataset<Jigsaws<Two>>);
}  // namespace

TEST_CASE("rotation: counter-clockwise, and four of them are none") {
  auto const picture = Two{}.load(0);
  auto const once = turned(picture, 1);
  for (int c = 0; c < 3; ++c) {
    CHECK(once.at(0, 0, c) == picture.at(0, 9, c));  // what was at the top right comes to the top left
    CHECK(once.at(9, 3, c) == picture.at(3, 0, c));  // the left column becomes the bottom row
  }
  CHECK(turned(once, 3) == picture);
  CHECK(turned(turned(picture, 2), 2) == picture);
  CHECK_THROWS_AS(turned(io::blank(10, 9, 3), 1), Error);
}

TEST_CASE("jigsaw: orders are numbered as in a dictionary") {
  bool rising = true;  // so that none comes twice
  for (int n = 0; n + 1 < 362'880; ++n) rising = rising && lexicographic_order(n) < lexicographic_order(n + 1);
  CHECK(rising);
  CHECK(lexicographic_order(0) == TileOrder{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(lexicographic_order(1) == TileOrder{0, 1, 2, 3, 4, 5, 6, 8, 7});
  CHECK(lexicographic_order(362'879) == TileOrder{8, 7, 6, 5, 4, 3, 2, 1, 0});
}

TEST_CASE("jigsaw: orders of all nine tiles, each far from all others") {
  std::set<TileOrder> seen;
  for (int n = 0; n < jigsaws; ++n) {
    auto order = tile_order(n);
    CHECK(seen.insert(order).second);
    for (int m = 0; m < n; ++m) {
      int distance = 0;
      for (std::size_t k = 0; k < 9; ++k) distance += order[k] != tile_order(m)[k];
      CHECK(distance >= (n < 9 ? 9 : 7));  // nine are a Latin square; no tenth can differ from all of them everywhere
    }
    std::sort(order.begin(), order.end());
    for (std::uint8_t k = 0; k < 9; ++k) CHECK(order[k] == k);
  }
  CHECK(std::is_sorted(tile_order(0).begin(), tile_order(0).end()));
}

TEST_CASE("jigsaw: tiles move as they are, and what they do not cover is black") {
  auto const picture = Two{}.load(0);
  TileOrder order = tile_order(0);
  std::swap(order[0], order[5]);
  auto const moved = shuffled(picture, order);
  for (int v = 0; v < 3; ++v)
    for (int u = 0; u < 3; ++u) {
      CHECK(moved.at(v, u, 1) == picture.at(3 + v, 6 + u, 1));
      CHECK(moved.at(3 + v, 6 + u, 1) == picture.at(v, u, 1));
      CHECK(moved.at(6 + v, u, 1) == picture.at(6 + v, u, 1));
    }
  CHECK(moved.at(9, 4, 0) == 0);
}

TEST_CASE("pretext tasks as datasets: each picture in each way, whose number is the label") {
  Two const two;
  Rotations<Two> const rotated(two);
  CHECK(rotated.size() == 8);
  CHECK(rotated.label(6) == 2);
  CHECK(rotated.name(6) == "p1, turned by 180 degrees");
  CHECK(rotated.load(6) == turned(two.load(1), 2));
  Jigsaws<Two> const puzzles(two);
  CHECK(puzzles.size() == 60);
  CHECK(puzzles.identities() == 30);
  CHECK(puzzles.load(31) == shuffled(two.load(1), tile_order(1)));
}
