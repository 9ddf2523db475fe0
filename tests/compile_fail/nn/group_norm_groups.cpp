// expect: berl::nn::GroupNorm<Groups, C>: Groups must divide C, the number of channels.
#include <berl/nn/norm.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::GroupNorm<16, 64>;
#else
using Layer = nn::GroupNorm<16, 40>;
#endif
Layer layer;
