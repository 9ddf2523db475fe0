#include <berl/cuda/train/step_inbox.hpp>

#include "../compare.hpp"

using namespace berl;
using namespace berl::gpu;
using Input = Shape<3, 5, 7>;
using Inbox = train::StepInbox<float, Input>;

static_assert(Inbox::bytes(2) % alignment == 0 && Inbox::bytes(3) >= 2 * 3 * (Input::size * sizeof(float) + sizeof(int)));

TEST_CASE("a step reads the batch that was prepared last, and the number of the step; what is prepared meanwhile waits" * needs_gpu()) {
  auto ctx = test_context();
  Arena arena(Inbox::bytes(2), gpu::memory);
  Inbox inbox(arena, 2);
  auto const first = filled<float, Input>(2, "first"), second = filled<float, Input>(2, "second");
  int const labels[] = {4, 0}, others[] = {1, 2}, wrong[] = {5, 0};
  inbox.prepare(second.read(), others, 5);
  inbox.prepare(first.read(), labels, 5);
  auto const read = [&](Tensor<float, Input> const& pictures, int const(&people)[2], std::uint64_t step) {
    Tensor<float, Input> x(2);
    Tensor<int, Shape<1>> y(2);
    copy(ctx, inbox.pictures(), x.write());
    copy(ctx, inbox.labels(), y.write());
    std::uint64_t number = 0;
    check(cudaMemcpyAsync(&number, ctx.step, sizeof number, cudaMemcpyDefault, ctx.stream.get()), "cudaMemcpyAsync");
    ctx.synchronize();
    CHECK(same_bits(x, pictures));
    CHECK((y[0] == people[0] && y[1] == people[1] && number == step));
  };
  {
    auto const taken = inbox.take(ctx, 7);
    inbox.prepare(second.read(), others, 5);
    CHECK_THROWS_AS(inbox.prepare(first.read(), wrong, 5), Error);
    read(first, labels, 7);
  }
  CHECK(ctx.step == nullptr);  // between steps the pass says
  auto const taken = inbox.take(ctx, 8);
  read(second, others, 8);
}
