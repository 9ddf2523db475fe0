#include "../compare.hpp"

#include <berl/cuda/data/resize.hpp>

using namespace berl;
using namespace berl::gpu;
using data::Resize;

namespace {
constexpr int batch = 3;
constexpr Resize methods[] = {Resize::bilinear, Resize::triangle, Resize::area};
using In = Shape<3, 112, 96>;
using Out = Shape<3, 64, 40>;
Tensor<float, Out> by_the_host(Resize method) {
  auto const x = filled<float, In>(batch, "x");
  Tensor<float, Out> y(batch);
  data::resize(Context<Host>{}, method, x.read(), y.write());
  return y;
}
}  // namespace

TEST_CASE_TEMPLATE("each pixel by itself is the host's", T, float, Bf16) {
  auto const exact = filled<float, In>(batch, "x");
  auto const x = stored_as<T>(exact);
  for (Resize const method : methods) {
    Tensor<T, Out> y(batch);
    data::detail::ResizeOf<T, 3, 112, 96, 64, 40> const pixel{as_gpu(x.read()), as_gpu(y.write()), data::detail::Taps<112, 64>(method),
                                                              data::detail::Taps<96, 40>(method)};
    for (int i = 0; i < batch * 64 * 40; ++i) pixel(i / (64 * 40), i / 40 % 64, i % 40);
    CHECK(difference(stored_as<float>(y), by_the_host(method)) < 2 * rounding<T>);  // of pictures and of results
  }
}

TEST_CASE("pictures on the GPU are resized as on the host" * needs_gpu()) {
  auto ctx = test_context();
  auto const x = on_gpu(ctx, filled<float, In>(batch, "x"));
  for (Resize const method : methods) {
    Tensor<float, Out, Cuda> y(batch);
    data::resize(ctx, method, x.read(), y.write());
    CHECK(difference(on_host(ctx, y), by_the_host(method)) < rounding<float>);
  }
}
