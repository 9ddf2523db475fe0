#include <doctest/doctest.h>

#include <berl/core/threads.hpp>

#include <atomic>
#include <vector>

using namespace berl;

TEST_CASE("each piece is done exactly once, for any number of threads") {
  for (int const threads : {1, 2, 7})
    for (std::ptrdiff_t const n : {0, 1, 5, 1000}) {
      Context<Host> ctx;
      ctx.threads = threads;
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(n));
      parallel_for(ctx, n, [&](std::ptrdiff_t i) { ++done[static_cast<std::size_t>(i)]; });
      int wrong = 0;
      for (auto const& count : done) wrong += count != 1;
      CHECK(wrong == 0);
    }
}
