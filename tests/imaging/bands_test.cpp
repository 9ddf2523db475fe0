#include <doctest/doctest.h>

#include <berl/imaging/bands.hpp>
#include <vector>

using namespace berl;
using namespace berl::imaging;

static_assert(bands(32, 2, 64) == 1 && bands(2, 2, 64) == 1);   // images enough for all
static_assert(bands(1, 2, 64) == 2 && bands(3, 8, 64) == 3);    // as many as leave no thread idle
static_assert(bands(1, 64, 64) == 16 && bands(1, 64, 3) == 1);  // at least four rows each, or all
static_assert(bands(0, 8, 64) == 1);

TEST_CASE("each row of each image is visited once, whatever the number of threads") {
  for (int const batch : {0, 1, 2, 5})
    for (int const rows : {3, 16, 63})
      for (int const threads : {1, 2, 7, 40}) {
        std::vector<int> visits(static_cast<std::size_t>(batch * rows));
        Context<Host> const ctx{threads, {}};
        for_bands(ctx, batch, rows, [&](int n, int first, int last) {
          for (int v = first; v < last; ++v) ++visits[static_cast<std::size_t>(n * rows + v)];
        });
        CHECK(visits == std::vector<int>(visits.size(), 1));
      }
}
