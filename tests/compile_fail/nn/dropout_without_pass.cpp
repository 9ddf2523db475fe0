// expect: berl::nn::Dropout: in training the mask comes from the pass. Give forward a Pass, not Forget.
#include <berl/nn/dropout.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
using Layer = nn::Dropout<40>;
#if defined(BERL_FIXED)
using Mode = Inference;
#else
using Mode = Training;
#endif
void run(Context<Host>& ctx, nn::ParamsOf<Layer, float, Host>& params, Read<float, Shape<8>, Host> x, Write<float, Shape<8>, Host> y) {
  nn::forward<Layer, Mode>(ctx, params, x, y, Forget{});
}
