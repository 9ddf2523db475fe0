#include "gpu.hpp"

#include <berl/cuda/tensor.hpp>

#include <type_traits>

using namespace berl;
using gpu::needs_gpu;
using Map = Shape<32, 3, 5>;

static_assert(std::is_same_v<LayoutOf<Map, Cuda>, Nhwc> && std::is_same_v<LayoutOf<Shape<3, 4, 5>, Cuda>, Nchw>);
static_assert(std::is_same_v<decltype(std::declval<Tensor<float, Map, Cuda> const&>().read()), Read<float, Map, Cuda, Nhwc>>);
static_assert(copy_scratch_bytes<float, Map, Blocked, Nhwc>(2) == 2 * 32 * 15 * sizeof(float));
static_assert(copy_scratch_bytes<float, Shape<16, 3, 5>, Blocked, Nhwc>(2) == 0 &&
              copy_scratch_bytes<float, Shape<32, 1, 1>, Nchw, Nhwc>(2) == 0);

TEST_CASE("numbers find their places in another layout") {
  Tensor<float, Map, Host, Nchw> plain(2), back(2);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<float>(i);
  Tensor<float, Map, Host, Nhwc> found(2), expected(2);
  copy(plain.read(), expected.write());  // the host's
  gpu::detail::Relayout<Map, Nchw, Nhwc, float> const there{plain.read().data(), found.write().data()};
  gpu::detail::Relayout<Map, Nhwc, Nchw, float> const and_back{found.read().data(), back.write().data()};
  for (std::size_t i = 0; i < plain.size(); ++i) there(i);
  for (std::size_t i = 0; i < plain.size(); ++i) and_back(i);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(found[i] == expected[i]);
    CHECK(back[i] == plain[i]);
  }
}

TEST_CASE_TEMPLATE("what goes to the GPU comes back, in any layout" * needs_gpu(), T, float, double) {
  Context<Cuda> ctx(0, 1 * MiB);
  Tensor<T, Map, Host, Nchw> plain(2), back(2);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<T>(i);
  Tensor<T, Map> blocked(2), blocked_back(2);
  Tensor<T, Map, Cuda> there(2), copied(2);
  copy(ctx, plain.read(), there.write());
  copy(ctx, there.read(), copied.write());
  copy(ctx, copied.read(), blocked.write());
  copy(ctx, blocked.read(), there.write());
  copy(ctx, there.read(), back.write());
  Tensor<T, Map, Host, Nhwc> as_it_lies(2);
  copy(ctx, there.read(), as_it_lies.write());
  ctx.synchronize();
  copy(plain.read(), blocked_back.write());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(back[i] == plain[i]);
    CHECK(blocked[i] == blocked_back[i]);
  }
  CHECK(as_it_lies[1] == T(15));  // channel 1 of the first pixel
  CHECK(as_it_lies[32] == T(1));  // channel 0 of the next
  CHECK(ctx.scratch.mark() == 0);
}

TEST_CASE("a tensor on the GPU begins with zeros" * needs_gpu()) {
  Context<Cuda> ctx;
  Tensor<float, Map, Cuda> const x(3);
  Tensor<float, Map, Host, Nhwc> y(3, 7.f);
  copy(ctx, x.read(), y.write());
  ctx.synchronize();
  for (float const v : y.span()) CHECK(v == 0.f);
  CHECK_NOTHROW((Tensor<float, Map, Cuda>(0)));
}

TEST_CASE("batches that differ are not copied" * needs_gpu()) {
  Context<Cuda> ctx;
  Tensor<float, Shape<3>> const x(2);
  Tensor<float, Shape<3>, Cuda> y(3);
  CHECK_THROWS_AS(copy(ctx, x.read(), y.write()), Error);
}
