#include <berl/cuda/losses/margin_head.hpp>
#include <berl/cuda/nn/conv2d.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/optim/clip.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/sphere_face.hpp>
#include <berl/nn/sequential.hpp>

// What libraries compute, and the kernels around it, once.
using namespace berl;

struct Net : nn::Sequential<nn::Conv2d<3, 16, 3, 2, 1, nn::Bias>, nn::ConvTranspose2d<16, 16, 4, 2, 1>, nn::Linear<16 * 8 * 8, 64>> {};

void network(Context<Cuda>& ctx, nn::ParamsOf<Net, float, Cuda>& params, Pass<float> pass) {
  using In = Shape<3, 8, 8>;
  Tensor<float, In, Cuda> x(2), dx(2);
  Tensor<float, Shape<64>, Cuda> y(2);
  static_cast<void>(gpu::plan<Net, float, In>(ctx, 2));
  nn::forward<Net, Training>(ctx, params, x.read(), y.write(), pass);
  nn::backward<Net, Training>(ctx, params, x.read(), y.read(), dx.write(), pass);
}
void heads(Context<Cuda>& ctx, std::span<float> state, std::span<float> gradients, double* norm) {
  using S = Shape<64>;
  Tensor<float, S, Cuda> f(2), df(2), w(9), dw(9);
  Tensor<int, Shape<1>, Cuda> labels(2);
  Tensor<double, Shape<2>, Cuda> result;
  static_cast<void>(gpu::plan_head<float, S>(ctx, 2, 9));
  auto const step = [&](auto const& head) {
    losses::forward_backward(ctx, head, f.read(), labels.read(), w.read(), dw.add(), df.write(), losses::Kept<float>(state),
                             result.write());
  };
  step(losses::CurricularFace{}), step(losses::NpcFace{}), step(losses::SphereFace{});
  optim::clip_norm(ctx, gradients, 1.0, norm);
}
