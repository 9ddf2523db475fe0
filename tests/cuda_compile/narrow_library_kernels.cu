#include <berl/cuda/nn/conv2d.hpp>
#include <berl/cuda/nn/group_norm.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/cuda/nn/stored.hpp>

// A network whose maps are stored in 16 bits and which gives numbers, once.
using namespace berl;

struct Net : nn::Sequential<nn::Conv2d<3, 16, 3, 2>, nn::BatchNorm<16>, nn::PReLU<16>, nn::Upsample, nn::GroupNorm<4, 16>, nn::ReLU,
                            nn::Linear<16 * 8 * 8, 64>> {};

using ToNumbers = nn::ToNumbers<Net, Bf16>;

void network(Context<Cuda>& ctx, nn::ParamsOf<ToNumbers, Bf16, Cuda>& params, Pass<Bf16> pass) {
  using In = Shape<3, 8, 8>;
  Tensor<float, In, Cuda> pictures(2);
  Tensor<Bf16, In, Cuda> room(2), dx(2);
  Tensor<float, Shape<64>, Cuda> y(2);
  static_cast<void>(gpu::plan<ToNumbers, Bf16, In>(ctx, 2));
  auto const x = nn::stored(ctx, pictures.read(), room.write());
  nn::forward<ToNumbers, Training>(ctx, params, x, y.write(), pass);
  nn::backward<ToNumbers, Training>(ctx, params, x, y.read(), dx.write(), pass);
}
