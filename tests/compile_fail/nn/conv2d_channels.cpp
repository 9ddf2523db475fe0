// expect: berl: the input has another number of channels than the layer. The first extent of Shape<C, H, W> must be the layer's C.
#include <berl/nn/conv2d.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
struct Net : nn::Sequential<nn::Conv2d<3, 8, 3>, nn::Conv2d<8, 16, 3>> {};
#else
struct Net : nn::Sequential<nn::Conv2d<3, 8, 3>, nn::Conv2d<3, 16, 3>> {};
#endif
using Out = nn::OutputOf<Net, Shape<3, 7, 7>>;
Out* out;
