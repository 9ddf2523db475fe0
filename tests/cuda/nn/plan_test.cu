#include "run_layer.hpp"

#include <berl/cuda/nn/conv2d.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/plan.hpp>
#include <berl/networks/iresnet.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::BatchNorm, nn::PReLU, nn::Sequential;

namespace {
struct Net : Sequential<BatchNorm<16>, PReLU<16>, BatchNorm<16>> {};
using Stage = networks::IResNetStage<3, 16, 32>;
struct Head : Sequential<BatchNorm<32>, nn::Linear<32 * 4 * 4, 64>, BatchNorm<64, Fixed>> {};
}  // namespace

static_assert(std::is_same_v<nn::OutputOf<Stage, Shape<16, 16, 16>>, Shape<32, 8, 8>>);

TEST_CASE("what no library computes takes the scratch that it says" * needs_gpu()) {
  Context<Cuda> ctx;
  using In = Shape<16, 7, 5>;
  CHECK(plan<Net, float, In>(ctx, 3) == nn::scratch<Net, float, In>(3, 1));
}

// Sums of six layers with other orders, of which batch norms of few numbers make the most: a digit more than of one layer.
TEST_CASE("a stage of residual blocks on the GPU is that of the host" * needs_gpu()) {
  check_layer_on_gpu<Stage, Training, float, Shape<16, 16, 16>>(6, 1e-4);
  check_layer_on_gpu<Stage, Inference, float, Shape<16, 16, 16>>(2, 1e-4);
  check_layer_on_gpu<Head, Training, float, Shape<32, 4, 4>>(8, 1e-4);
  // Six layers whose results are rounded by 4e-3 each, half of it in the mean, and as many gradients, of which norms of few numbers make
  // more.
  check_layer_on_gpu<Stage, Training, Bf16, Shape<16, 16, 16>>(6, 0.05, Precision::bf16, 0.05);
}
