// expect: berl: the input has another number of channels than the layer. The first extent of Shape<C, H, W> must be the layer's C.
#include <berl/nn/prelu.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::PReLU<64>;
#else
using Layer = nn::PReLU<32>;
#endif
using Out = nn::OutputOf<Layer, Shape<64, 7, 7>>;
Out* out;
