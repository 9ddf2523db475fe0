#include "scene.hpp"

#include <berl/cuda/imaging/viewpoint.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
constexpr int batch = 300;  // more than one block
struct Numbers {
  Tensor<float, Shape<6, 1, 1>> view = views<float>(batch), d_view = filled<float, Shape<6, 1, 1>>(batch, "d view");
  Tensor<float, Shape<12, 1, 1>> d_movement = filled<float, Shape<12, 1, 1>>(batch, "d movement"), movement{batch};
};
Numbers by_the_host() {
  Numbers x;
  Context<Host> ctx;
  imaging::viewpoint(ctx, {}, x.view.read(), x.movement.write());
  imaging::viewpoint_backward(ctx, {}, x.view.read(), x.d_movement.read(), x.d_view.add());
  return x;
}
void check_close(Numbers const& a, Numbers const& b) {
  CHECK(difference(a.movement, b.movement) < rounding<float>);
  CHECK(difference(a.d_view, b.d_view) < rounding<float>);
}
}  // namespace

TEST_CASE("each image by itself has the host's movement and gradient") {
  Numbers x;
  imaging::ViewRange<float> const range(imaging::Settings{});
  imaging::detail::ViewpointOf<float> const forward{range, as_gpu(x.view.read()), as_gpu(x.movement.write())};
  imaging::detail::ViewpointPullOf<float, Add<float, Shape<6, 1, 1>, Cuda>> const backward{
      range, as_gpu(x.view.read()), as_gpu(x.d_movement.read()), as_gpu(x.d_view.add())};
  for (int n = 0; n < batch; ++n) forward(n, 0, 0), backward(n, 0, 0);
  check_close(x, by_the_host());
}

TEST_CASE("the GPU finds the host's movements and their gradient" * needs_gpu()) {
  auto ctx = test_context();
  Numbers x;
  auto const view = on_gpu(ctx, x.view);
  auto const d_movement = on_gpu(ctx, x.d_movement);
  auto movement = on_gpu(ctx, x.movement);
  auto d_view = on_gpu(ctx, x.d_view);
  imaging::viewpoint(ctx, {}, view.read(), movement.write());
  imaging::viewpoint_backward(ctx, {}, view.read(), d_movement.read(), d_view.add());
  x.movement = on_host(ctx, movement);
  x.d_view = on_host(ctx, d_view);
  check_close(x, by_the_host());
}
