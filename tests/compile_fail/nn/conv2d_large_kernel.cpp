// expect: berl::nn::Conv2d: the kernel is larger than the padded image. Use a smaller kernel, or pad more.
#include <berl/nn/conv2d.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::Conv2d<3, 8, 5>;
#else
using Layer = nn::Conv2d<3, 8, 5, 1, 0>;
#endif
using Out = nn::OutputOf<Layer, Shape<3, 4, 4>>;
Out* out;
