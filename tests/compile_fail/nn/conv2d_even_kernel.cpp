// expect: berl::nn::Conv2d: K must be odd, so that padding K / 2 keeps the image size
#include <berl/nn/conv2d.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::Conv2d<3, 8, 4, 1, 0>;
#else
using Layer = nn::Conv2d<3, 8, 4>;
#endif
Layer layer;
