// expect: berl: this operation has no kernel for this device. Include its file below <berl/cuda/> and compile this file as CUDA.
#include <berl/nn/conv2d.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
using Layer = nn::Conv2d<3, 8, 3>;
#if defined(BERL_FIXED)
using Device = Host;
#else
using Device = Cuda;
#endif
void run(Context<Device>& ctx, nn::ParamsOf<Layer, float, Device>& params, Read<float, Shape<3, 8, 8>, Device> x,
         Write<float, Shape<8, 8, 8>, Device> y) {
  nn::forward<Layer, Inference>(ctx, params, x, y, Forget{});
}
