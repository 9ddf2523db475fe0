#include <berl/losses/ada_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("ada face follows the official code over three batches") { head_golden::follow_small(AdaFace{}, "head_adaface", 3); }

TEST_CASE("ada face has the specification's check values") {
  head_golden::printed(AdaFace{}, 102.5171858, {-3.4569892, -1.8420519, 0.4762328, 1.4737114}, 14.0539561);
  head_golden::Small small;
  head_golden::Keeps<double, AdaFace> keeps(AdaFace{}, 6);
  small.run(AdaFace{}, keeps.kept());
  head_golden::near(keeps.state[0], 19.8645643);
  head_golden::near(keeps.state[1], 99.0192303);
}

TEST_CASE("ada face has its loss's gradient across the embedding, and needs two samples") {
  using S = head_golden::Small::S;
  head_golden::Small small;
  head_golden::Keeps<double, AdaFace> keeps(AdaFace{.momentum = 0}, 6);
  small.run(AdaFace{.scale = 8, .momentum = 0}, keeps.kept());
  for (int i = 0; i < 4; ++i)  // lengths are constant
    CHECK(std::abs(berl::host::dot(small.f.read().sample(i), small.df.read().sample(i), S::size)) < 1e-14);
  berl::Context<berl::Host> ctx;
  ctx.scratch = berl::Arena(scratch_bytes<double, S>(1, 6));
  CHECK_THROWS_WITH_AS(forward_backward(ctx, AdaFace{}, berl::Read<double, S, berl::Host>(small.f.read().data(), 1), std::vector{0},
                                        small.w.read(), small.dw.add(), berl::Skip<double, S, berl::Host>{nullptr, 1}, keeps.kept()),
                       doctest::Contains("found a batch of 1; expected at least 2 embeddings"), berl::Error);
}
