#include <berl/host/nn/runs_left.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl;
using host::RunReader, host::detail::RunsLeft;

namespace {
struct Calls {
  std::vector<std::ptrdiff_t> runs;
  RunReader reader() {
    return {[](void const* who, std::ptrdiff_t run) { const_cast<Calls*>(static_cast<Calls const*>(who))->runs.push_back(run); }, this};
  }
};
}  // namespace

TEST_CASE("a run is read when the last of its channels and parts has come, and once") {
  Context<Host> ctx;
  ctx.scratch = Arena(RunsLeft::bytes(2, 48));
  Calls calls;
  RunsLeft const left(ctx, 2, 48, 10, calls.reader());  // two pictures, three blocks of 16 channels
  left.less(1, 0, 32, 4);
  left.less(1, 0, 8, 6);
  left.less(1, 16, 32, 6);
  CHECK(calls.runs == std::vector<std::ptrdiff_t>{4});  // the second block; of the first one half of the channels has all parts
  left.less(1, 8, 48, 0);
  CHECK(calls.runs.size() == 1);
  left.less(1, 8, 16, 6);
  CHECK(calls.runs == std::vector<std::ptrdiff_t>{4, 3});
  left.less(0, 0, 48, 10);
  CHECK(calls.runs == std::vector<std::ptrdiff_t>{4, 3, 0, 1, 2});
}

TEST_CASE("channels that lie one by one are runs of their own, and without a reader nothing is counted") {
  Context<Host> ctx;
  ctx.scratch = Arena(RunsLeft::bytes(1, 5));
  Calls calls;
  {
    Scope const scope(ctx.scratch);
    RunsLeft const left(ctx, 1, 5, 3, calls.reader());
    left.less(0, 0, 5, 2);
    left.less(0, 3, 5, 1);
    CHECK(calls.runs == std::vector<std::ptrdiff_t>{3, 4});
  }
  std::size_t const before = ctx.scratch.mark();
  RunsLeft const none(ctx, 1, 5, 3, {});
  none.less(0, 0, 5, 3);
  CHECK(ctx.scratch.mark() == before);
  CHECK(calls.runs.size() == 2);
}
