#include "compare.hpp"

#include <berl/cuda/inbox.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
using S = Shape<3, 5, 7>;
using Row = Shape<3>;
}  // namespace

TEST_CASE("a batch arrives as it was sent, from the inbox's own memory or from elsewhere, and an older one stays behind" * needs_gpu()) {
  auto ctx = test_context();
  Arena memory(Inbox<float, S>::bytes(4), gpu::memory);
  Inbox<float, S> inbox(memory, 4);
  auto const arrived = [&](Read<float, S, Cuda> x) {
    Tensor<float, S> y(x.batch());
    copy(ctx, x, y.write());
    ctx.synchronize();
    return y;
  };
  auto const first = filled<float, S>(4, "first"), second = filled<float, S>(2, "second");
  CHECK(same_bits(arrived(inbox.send(ctx, first.read())), first));

  auto const room = inbox.room(2);
  copy(second.read(), room);
  auto const both = arrived(inbox.send(ctx, room.read()));
  CHECK(both.batch() == 4);
  for (std::size_t i = 0; i < both.size(); ++i) CHECK(both[i] == (i < second.size() ? second[i] : first[i]));
}

TEST_CASE("more samples than were planned are a mistake of the program" * needs_gpu()) {
  auto ctx = test_context();
  Arena memory(Inbox<int, Row>::bytes(2), gpu::memory);
  Inbox<int, Row> inbox(memory, 2);
  Tensor<int, Row> const three(3);
  CHECK_THROWS_AS(inbox.room(3), std::logic_error);
  CHECK_THROWS_AS(inbox.send(ctx, three.read()), std::logic_error);
}
