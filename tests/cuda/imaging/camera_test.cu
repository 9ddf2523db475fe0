#include "scene.hpp"

#include <berl/cuda/imaging/camera.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
constexpr int S = 9, batch = 3;
struct Maps {
  Tensor<float, Shape<1, S, S>> depth = bump<float, S>(batch), d_depth = filled<float, Shape<1, S, S>>(batch, "d depth");
  Tensor<float, Shape<3, S, S>> d_points = filled<float, Shape<3, S, S>>(batch, "d points"), points{batch};
};
Maps by_the_host() {
  Maps maps;
  Context<Host> ctx;
  imaging::points(ctx, {}, maps.depth.read(), maps.points.write());
  imaging::points_backward(ctx, {}, maps.d_points.read(), maps.d_depth.add());
  return maps;
}
void check_close(Maps const& a, Maps const& b) {
  CHECK(difference(a.points, b.points) < rounding<float>);
  CHECK(difference(a.d_depth, b.d_depth) < rounding<float>);
}
}  // namespace

TEST_CASE("each pixel by itself has the host's point and gradient") {
  Maps maps;
  auto const camera = imaging::camera<float, S>({});
  imaging::detail::PointsOf<float, S> const forward{camera, as_gpu(maps.depth.read()), as_gpu(maps.points.write())};
  imaging::detail::PointsPullOf<float, S, Add<float, Shape<1, S, S>, Cuda>> const backward{camera, as_gpu(maps.d_points.read()),
                                                                                           as_gpu(maps.d_depth.add())};
  for (int n = 0; n < batch; ++n)
    for (int i = 0; i < S * S; ++i) forward(n, i / S, i % S), backward(n, i / S, i % S);
  check_close(maps, by_the_host());
}

TEST_CASE("the GPU finds the host's points and their gradient" * needs_gpu()) {
  auto ctx = test_context();
  Maps maps;
  auto const depth = on_gpu(ctx, maps.depth);
  auto const d_points = on_gpu(ctx, maps.d_points);
  auto points = on_gpu(ctx, maps.points);
  auto d_depth = on_gpu(ctx, maps.d_depth);
  imaging::points(ctx, {}, depth.read(), points.write());
  imaging::points_backward(ctx, {}, d_points.read(), d_depth.add());
  maps.points = on_host(ctx, points);
  maps.d_depth = on_host(ctx, d_depth);
  check_close(maps, by_the_host());
}
