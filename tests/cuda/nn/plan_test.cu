#include "run_layer.hpp"

#include <berl/cuda/nn/conv2d.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/plan.hpp>
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/networks/iresnet.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::BatchNorm, nn::PReLU, nn::Sequential;

namespace {
struct Net : Sequential<BatchNorm<16>, PReLU<16>, BatchNorm<16>> {};
using Stage = networks::IResNetStage<3, 16, 32>;
struct Head : Sequential<BatchNorm<32>, nn::Linear<32 * 4 * 4, 64>, BatchNorm<64, Fixed>> {};
struct Picture : Sequential<nn::ReLU, nn::Conv2d<16, 3, 5, 1, 2, nn::Bias>, nn::Tanh> {};
struct Vector : Sequential<nn::ReLU, nn::Linear<16 * 7 * 5, 24>, BatchNorm<24, Fixed>> {};

template <class L, class In>
void check_numbers_on_gpu(int batch, double tolerance, Precision precision) {
  check_layer_on_gpu<L, Training, Bf16, In, nn::ToNumbers<L, Bf16>>(batch, rounding<Bf16>, precision, tolerance);
}
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

TEST_CASE("for a pass that is forgotten less is planned" * needs_gpu()) {
  using In = Shape<16, 16, 16>;
  Context<Cuda> once, whole;
  CHECK(plan<Stage, float, In, Forget>(once, 6) < plan<Stage, float, In>(whole, 6));
}

// Of what is rounded to 16 bits is only dx. Maps and weights are such that the products of what comes out are exact in tf32 too; of
// gradients one factor is rounded there, by 5e-4. Tensor cores cut off what sums lose.
TEST_CASE("a network whose last product runs in float gives what the host does, to more than 8 bits" * needs_gpu()) {
  check_numbers_on_gpu<Picture, Shape<16, 9, 9>>(3, 1e-4, Precision::fp32);
  check_numbers_on_gpu<Picture, Shape<16, 9, 9>>(3, 1e-3, Precision::bf16);
  check_numbers_on_gpu<Vector, Shape<16, 7, 5>>(40, 1e-4, Precision::fp32);
  check_numbers_on_gpu<Vector, Shape<16, 7, 5>>(40, 1e-3, Precision::bf16);
}
