#include "scene.hpp"

#include <berl/cuda/imaging/canonical_depth.hpp>

using namespace berl;
using namespace berl::gpu;
using imaging::Settings;

namespace {
constexpr int S = 16, batch = 3;
Settings settings(int number) {
  Settings no_border, unbounded;
  no_border.border = false;
  unbounded.bounded_depth = false;
  Settings const all[] = {{}, no_border, unbounded};
  return all[number];
}
struct Maps {
  Tensor<float, Shape<1, S, S>> raw = filled<float, Shape<1, S, S>>(batch, "raw"),
                                d_depth = filled<float, Shape<1, S, S>>(batch, "d depth");
  Tensor<float, Shape<1, S, S>> depth{batch}, d_raw = filled<float, Shape<1, S, S>>(batch, "d raw");
};
}  // namespace

TEST_CASE("the GPU finds the host's canonical depth and its gradient" * needs_gpu()) {
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    Maps expected, found;
    Context<Host> host;
    imaging::canonical_depth(host, settings(i), expected.raw.read(), expected.depth.write());
    imaging::canonical_depth_backward(host, settings(i), expected.raw.read(), expected.d_depth.read(), expected.d_raw.add());
    auto ctx = test_context();
    auto const raw = on_gpu(ctx, found.raw);
    auto const d_depth = on_gpu(ctx, found.d_depth);
    auto depth = on_gpu(ctx, found.depth);
    auto d_raw = on_gpu(ctx, found.d_raw);
    imaging::canonical_depth(ctx, settings(i), raw.read(), depth.write());
    imaging::canonical_depth_backward(ctx, settings(i), raw.read(), d_depth.read(), d_raw.add());
    CHECK(difference(on_host(ctx, depth), expected.depth) < rounding<float>);
    CHECK(difference(on_host(ctx, d_raw), expected.d_raw) < rounding<float>);
  }
}
