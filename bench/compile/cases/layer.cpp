#include <berl/nn/conv2d.hpp>

// One convolution, forward and backward.
using namespace berl;

using Conv = nn::Conv2d<64, 64, 3>;
using Map = Shape<64, 56, 56>;
using Params = Conv::Params<float, Host>;

void forward(Context<Host>& ctx, Params const& p, Read<float, Map, Host> x, Write<float, Map, Host> y) {
  Conv::forward<Training>(ctx, p, x, y, Forget{});
}

void backward(Context<Host>& ctx, Params& p, Read<float, Map, Host> x, Read<float, Map, Host> dy, Write<float, Map, Host> dx) {
  Conv::backward<Training>(ctx, p, x, dy, dx, Pass<float>{nullptr, 0, 0});
}
