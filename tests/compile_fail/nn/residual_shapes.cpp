// expect: berl::nn::Residual, Repeat: the shapes do not fit. A residual body and its shortcut must give the same shape, and what is
// repeated must give the shape that it takes.
#include <berl/nn/conv2d.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
struct Block : nn::Residual<nn::Conv2d<3, 8, 3, 2>, nn::Conv2d<3, 8, 1, 2>> {};
#else
struct Block : nn::Residual<nn::Conv2d<3, 8, 3, 2>> {};  // whose shortcut is the picture itself
#endif
using Out = nn::OutputOf<Block, Shape<3, 8, 8>>;
Out* out;
