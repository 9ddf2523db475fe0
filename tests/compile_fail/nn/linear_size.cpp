// expect: berl::nn::Linear<In, Out>: the sample has another number of elements than the layer takes.
#include <berl/nn/linear.hpp>
#include <berl/nn/sequential.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Layer = nn::Linear<3 * 7 * 7, 10>;
#else
using Layer = nn::Linear<3 * 7 * 8, 10>;
#endif
using Out = nn::OutputOf<Layer, Shape<3, 7, 7>>;
Out* out;
