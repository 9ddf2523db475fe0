#include <berl/optim/blocks.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl;

TEST_CASE("blocks: every element once, in pieces that do not depend on the threads") {
  for (std::size_t const n : {std::size_t{0}, std::size_t{1}, optim::block_size, optim::block_size + 1, 3 * optim::block_size + 7})
    for (int const threads : {1, 3}) {
      Context<Host> ctx;
      ctx.threads = threads;
      std::vector<int> times(n);
      optim::for_blocks(ctx, n, [&](std::size_t first, std::size_t last) {
        bool const whole = first % optim::block_size == 0 && (last - first == optim::block_size || last == n);
        for (std::size_t i = first; i < last; ++i) times[i] += whole ? 1 : 100;
      });
      for (int const t : times) REQUIRE(t == 1);
    }
}
