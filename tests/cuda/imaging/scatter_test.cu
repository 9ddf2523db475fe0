#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/imaging/scatter.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;

TEST_CASE("keys say the cell and the position") {
  using Cells = imaging::detail::Cells<64, 64, 64, 64>;
  static_assert(Cells::count == 65 * 65 && Cells::position_bits == 12 && Cells::cell_bits == 13 && Cells::threads * Cells::items == 4096);
  static_assert(imaging::detail::Cells<128, 128, 128, 128>::shared_bytes<imaging::detail::CellList<128, 128>> <= 163 * KiB);
  auto const tap = [](float g) { return imaging::Tap<float>(g, 64, imaging::Alignment::corners, imaging::Padding::zeros); };
  auto const key = [&](float x, float y, float m, int at) { return Cells::key(tap(x), tap(y), m, at); };
  CHECK(Cells::position(key(0, 0, 1, 4095)) == 4095);
  CHECK(Cells::cell_of(key(-1, -1, 1, 7)) == Cells::cell(0, 0));
  CHECK(Cells::cell_of(key(1, 1, 1, 7)) == Cells::cell(63, 63));
  CHECK(Cells::cell_of(key(-1.01f, 1, 1, 7)) == Cells::cell(63, -1));
  CHECK(key(1.1f, 0, 1, 7) == Cells::none);
  CHECK(key(0, -1.1f, 1, 7) == Cells::none);
  CHECK(key(0, 0, 0, 7) == Cells::none);
}

TEST_CASE_TEMPLATE("each cell knows its positions among the sorted ones", Team, Solo, Crew<5>) {
  using Cells = imaging::detail::Cells<2, 2, 2, 3>;
  auto const key = [](int v, int u, int at) {
    return static_cast<unsigned>(Cells::cell(v, u)) << Cells::position_bits | static_cast<unsigned>(at);
  };
  std::vector<unsigned> const keys{key(-1, 0, 4), key(0, 0, 1), key(0, 0, 2), key(0, 0, 5), key(1, 1, 0), Cells::none};
  imaging::detail::CellList<2, 2> list;
  work<Team>([&](Team) { imaging::detail::mark_cells<Cells, Team>(keys.data(), list); });
  int marked = 0;
  for (int v = -1; v < 2; ++v)
    for (int u = -1; u < 2; ++u) marked += list.end[Cells::cell(v, u)] - list.begin[Cells::cell(v, u)];
  CHECK(marked == 5);
  auto const begins = [&](int v, int u) { return static_cast<int>(list.begin[Cells::cell(v, u)]); };
  auto const ends = [&](int v, int u) { return static_cast<int>(list.end[Cells::cell(v, u)]); };
  CHECK((begins(-1, 0) == 0 && ends(-1, 0) == 1));
  CHECK((begins(0, 0) == 1 && ends(0, 0) == 4));
  CHECK((begins(1, 1) == 4 && ends(1, 1) == 5));
  CHECK(begins(0, 1) == ends(0, 1));
}
