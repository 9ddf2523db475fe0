#include "scene.hpp"

#include <berl/cuda/expr/evaluate.hpp>
#include <berl/cuda/expr/gradient.hpp>
#include <berl/cuda/imaging/normals.hpp>
#include <berl/cuda/imaging/rasterize.hpp>
#include <berl/cuda/imaging/viewpoint.hpp>
#include <berl/cuda/imaging/warp.hpp>
#include <berl/imaging/renderer.hpp>

#include <algorithm>

using namespace berl;
using namespace berl::gpu;
using namespace berl::imaging;

namespace {
constexpr int S = 64, batch = 3;

SceneTensors<float, S> scene() {
  return {bump<float, S>(batch), filled<float, Shape<3, S, S>>(batch, "albedo"), filled<float, Shape<4, 1, 1>>(batch, "light"),
          views<float>(batch)};
}
struct Result {
  Tensor<float, Shape<3, S, S>> image{batch};
  SceneTensors<float, S> gradients{Tensor<float, Shape<1, S, S>>(batch), Tensor<float, Shape<3, S, S>>(batch),
                                   Tensor<float, Shape<4, 1, 1>>(batch), Tensor<float, Shape<6, 1, 1>>(batch)};
};
Result by_the_host(Tensor<float, Shape<3, S, S>> const& d_image) {
  auto const given = scene();
  auto const image = render<S>(given.depth, given.albedo, given.light, given.view);
  Result result;
  copy(image.read(), result.image.write());
  result.gradients = image.pull(d_image);
  return result;
}
Result by_the_gpu(Tensor<float, Shape<3, S, S>> const& d_image) {
  auto const given = scene();
  Context<Cuda> ctx(0, render_scratch_bytes<float, S, Cuda>(batch, 1));
  Arena memory(Rendering<float, S, Cuda>::bytes(batch), gpu::memory);
  Rendering<float, S, Cuda> const maps(memory, batch);
  auto const depth = on_gpu(ctx, given.depth);
  auto const albedo = on_gpu(ctx, given.albedo);
  auto const light = on_gpu(ctx, given.light);
  auto const view = on_gpu(ctx, given.view);
  auto const d = on_gpu(ctx, d_image);
  Result result;
  auto d_depth = on_gpu(ctx, result.gradients.depth);
  auto d_albedo = on_gpu(ctx, result.gradients.albedo);
  auto d_light = on_gpu(ctx, result.gradients.light);
  auto d_view = on_gpu(ctx, result.gradients.view);
  Scene<float, S, Cuda> const read{depth.read(), albedo.read(), light.read(), view.read()};
  render(ctx, {}, read, maps);
  render_backward(ctx, {}, read, maps, d.read(), d_depth.write(), d_albedo.write(), d_light.write(), d_view.write());
  CHECK(ctx.scratch.mark() == 0);
  copy(ctx, maps.image.read(), result.image.write());
  result.gradients = {on_host(ctx, d_depth), on_host(ctx, d_albedo), on_host(ctx, d_light), on_host(ctx, d_view)};
  return result;
}
/// The share of pixels that differ by more than 1e-4 of the largest: those where a sample on an edge is drawn as another face, or where a
/// position on a pixel falls to its other side.
template <class T, class Map>
double others(Tensor<T, Map> const& a, Tensor<T, Map> const& b) {
  double size = 0, n = 0;
  for (T const v : b.span()) size = std::max(size, std::abs(static_cast<double>(v)));
  for (std::size_t i = 0; i < a.size(); ++i) n += std::abs(static_cast<double>(a[i] - b[i])) > 1e-4 * size ? 1 : 0;
  return n / static_cast<double>(a.size());
}
}  // namespace

TEST_CASE("the GPU renders what the host does, forward and back, twice the same" * needs_gpu()) {
  auto const d_image = filled<float, Shape<3, S, S>>(batch, "d image");
  auto const expected = by_the_host(d_image), once = by_the_gpu(d_image), again = by_the_gpu(d_image);
  CHECK(others(once.image, expected.image) < 0.005);
  CHECK(others(once.gradients.depth, expected.gradients.depth) < 0.01);
  CHECK(others(once.gradients.albedo, expected.gradients.albedo) < 0.01);
  CHECK(difference(once.gradients.light, expected.gradients.light) < 1e-3);
  CHECK(difference(once.gradients.view, expected.gradients.view) < 1e-2);
  CHECK(same_bits(once.image, again.image));
  CHECK(same_bits(once.gradients.depth, again.gradients.depth));
  CHECK(same_bits(once.gradients.albedo, again.gradients.albedo));
  CHECK(same_bits(once.gradients.light, again.gradients.light));
  CHECK(same_bits(once.gradients.view, again.gradients.view));
}

TEST_CASE("an empty batch renders nothing" * needs_gpu()) {
  Context<Cuda> ctx;
  Arena memory(KiB, gpu::memory);
  Rendering<float, S, Cuda> const maps(memory, 0);
  CHECK_NOTHROW(render(ctx, {}, Scene<float, S, Cuda>{}, maps));
  CHECK_NOTHROW(ctx.synchronize());
}
