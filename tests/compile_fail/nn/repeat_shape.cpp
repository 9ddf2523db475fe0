// expect: berl::nn::Residual, Repeat: the shapes do not fit. A residual body and its shortcut must give the same shape, and what is
// repeated must give the shape that it takes.
#include <berl/nn/conv2d.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
struct Stage : nn::Repeat<3, nn::Conv2d<8, 8, 3>> {};
#else
struct Stage : nn::Repeat<3, nn::Conv2d<8, 8, 3, 2>> {};
#endif
using Out = nn::OutputOf<Stage, Shape<8, 8, 8>>;
Out* out;
