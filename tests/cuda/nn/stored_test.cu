#include <berl/cuda/nn/stored.hpp>

#include "../compare.hpp"

using namespace berl;
using namespace berl::gpu;

TEST_CASE("operands are the values, each rounded") {
  alignas(16) float values[16];
  alignas(16) Bf16 operands[16];
  for (int i = 0; i < 16; ++i) values[i] = 1 + static_cast<float>(i) * 0x1p-9f;
  Write<Bf16, Shape<16>, Cuda> const to(operands, 1);
  for (std::size_t i = 0; i < 16; i += 8) map_at<8>(Same{}, to, i, values);
  for (int i = 0; i < 16; ++i) CHECK(float{operands[i]} == float{Bf16(values[i])});
}

TEST_CASE("the GPU rounds as the host does, also what is infinite or no number" * needs_gpu()) {
  using S = Shape<1000>;
  auto ctx = test_context();
  auto x = filled<float, S>(1, "x", -1e3, 1e3);
  x[0] = 1 + 0x1p-8f, x[1] = 1 + 0x1.8p-7f, x[2] = INFINITY, x[3] = -3.4e38f, x[4] = 0x1p-140f, x[5] = NAN;
  auto const there = on_gpu(ctx, x);
  Tensor<Bf16, S, Cuda> narrow;
  Tensor<float, S, Cuda> wide;
  Kernel<nn::Conversion, Cuda>::run(ctx, there.read(), narrow.write());
  Kernel<nn::Conversion, Cuda>::run(ctx, narrow.read(), wide.write());
  auto const found = on_host(ctx, wide);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(i);
    CHECK((i == 5 ? std::isnan(found[i]) : found[i] == float{Bf16(x[i])}));
  }
  Tensor<Bf16, S, Cuda> operands;
  round_block<Bf16>(ctx, there.read().data(), operands.write().data(), x.size());
  Kernel<nn::Conversion, Cuda>::run(ctx, operands.read(), wide.write());
  auto const rounded = on_host(ctx, wide);
  for (std::size_t i = 6; i < x.size(); ++i) CHECK(rounded[i] == found[i]);
}
