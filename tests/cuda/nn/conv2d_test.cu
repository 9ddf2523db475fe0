#include "run_layer.hpp"

#include <berl/cuda/nn/conv2d.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::Bias, nn::Conv2d, nn::ConvTranspose2d, nn::Residual, nn::Sequential;

namespace {
/// Two of them, so that one is added to what is there.
template <class L>
struct Added : Residual<Sequential<L>> {};
}  // namespace

static_assert(geometry_of<Conv2d<3, 64, 3, 2>, float, Shape<3, 9, 9>> != nullptr);

TEST_CASE("a layer's geometry is that of the convolution, or of the one whose adjoint it is") {
  if (found()) return;  // a context needs a GPU; its precision alone is read
}

TEST_CASE("cuDNN takes the descriptors of all operations") {
  for (Geometry const& g : {Geometry{4, 3, 9, 9, 64, 5, 5, 3, 2, 1}, Geometry{1, 64, 8, 8, 32, 8, 8, 3, 1, 1}})
    for (auto const what : {Convolve::forward, Convolve::data, Convolve::weights}) CHECK_NOTHROW(detail::operation(g, what));
  // nine of eight pixels are too many
  CHECK_THROWS_AS(detail::operation({1, 16, 8, 8, 16, 9, 8, 3, 1, 1}, Convolve::forward), Error);
}
