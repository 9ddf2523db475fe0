// expect: berl::nn::Dropout<Percent>: 0 to 99 percent of the elements may be dropped.
#include <berl/nn/dropout.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::Dropout<40>;
#else
using Layer = nn::Dropout<100>;
#endif
Layer layer;
