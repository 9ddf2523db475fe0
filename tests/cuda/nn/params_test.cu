#include "../compare.hpp"

#include <berl/cuda/nn/params.hpp>
#include <berl/nn/conv2d.hpp>
#include <berl/nn/norm.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;
using nn::Bias, nn::BatchNorm, nn::Conv2d, nn::Repeat, nn::Sequential;

namespace {
struct Net : Sequential<Conv2d<3, 5, 3, 1, 1, Bias>, BatchNorm<5>, Repeat<2, Conv2d<5, 5, 3>>> {};
using Sizes = nn::SizesOf<Net, float>;
}  // namespace

TEST_CASE("every array of a network is copied once, and only weights of convolutions change their order") {
  std::vector<std::ptrdiff_t> places;
  std::size_t elements = 0, maps = 0;
  gpu::detail::for_arrays<Net, float>([&]<class A>(std::ptrdiff_t at) {
    places.push_back(at);
    elements += static_cast<std::size_t>(A::count * A::shape::size);
    maps += A::count > 1 ? 1 : 0;
  });
  CHECK(elements == static_cast<std::size_t>(Sizes::parameters));
  CHECK(maps == 3);
  CHECK(places.size() == 6);
  CHECK(places[0] == 0);
  CHECK(copy_block_scratch<Net, float>() == copy_scratch_bytes<float, Shape<5, 3, 3>, Nchw, Nhwc>(5));
}

TEST_CASE("a block of parameters comes back from the GPU as it was, and lies there as (M, K, K, C)" * needs_gpu()) {
  Context<Cuda> ctx(0, copy_block_scratch<Net, float>());
  Tensor<float, Shape<static_cast<int>(Sizes::block)>> const block = filled<float, Shape<static_cast<int>(Sizes::block)>>(1, "block");
  Tensor<float, Shape<static_cast<int>(Sizes::block)>> back(1), there(1);
  Tensor<float, Shape<static_cast<int>(Sizes::block)>, Cuda> on(1);
  copy_block_to_gpu<Net>(ctx, block.span().data(), on.write().data());
  copy_block_to_host<Net>(ctx, on.read().data(), back.span().data());
  copy(ctx, on.read(), there.write());
  ctx.synchronize();
  gpu::detail::for_arrays<Net, float>([&]<class A>(std::ptrdiff_t at) {
    for (int i = 0; i < A::count * A::shape::size; ++i)
      CHECK(back[static_cast<std::size_t>(at + i)] == block[static_cast<std::size_t>(at + i)]);
  });
  CHECK(there[1] == block[9]);  // channel 1 of the first pixel
  CHECK(there[3] == block[1]);  // channel 0 of the next
}

TEST_CASE("weights for evaluation are the host's arrays, with what is kept but not trained" * needs_gpu()) {
  Context<Cuda> ctx(0, copy_block_scratch<Net, float>());
  nn::Weights<Net> host;
  float next = 0;
  host.params.visit(
      [&](Nameless, auto& array) {
        for (int i = 0; i < std::remove_cvref_t<decltype(array)>::shape::size; ++i) array.value()[i] = next++;
      },
      Nameless{});
  gpu::Weights<Net> weights(ctx, host.params);
  std::vector<float const*> expected;
  host.params.visit([&](Nameless, auto& array) { expected.push_back(array.value()); }, Nameless{});
  std::size_t arrays = 0;
  weights.params.visit(
      [&](Nameless, auto& array) {
        using A = gpu::detail::Maps<typename std::remove_cvref_t<decltype(array)>::shape>;
        Tensor<float, typename A::shape, Host, Nchw> back(A::count);
        copy(ctx, Read<float, typename A::shape, Cuda, typename A::on_gpu>(array.value(), A::count), back.write());
        ctx.synchronize();
        CHECK(std::equal(back.span().begin(), back.span().end(), expected[arrays++]));
      },
      Nameless{});
  CHECK(arrays == 8);  // two of them are the norm's running statistics
}
