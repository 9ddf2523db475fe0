#include "run_layer.hpp"

#include <berl/cuda/nn/linear.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::Bias, nn::Flatten, nn::Linear, nn::NoBias, nn::Residual, nn::Sequential;

namespace {
template <class... Ls>
struct Chain : Sequential<Ls...> {};
template <class... Ls>
struct Added : Residual<Sequential<Ls...>> {};
}  // namespace

TEST_CASE("shapes of products are rows, columns and terms of the layer's equations") {
  using Shapes = LinearProducts<7, 5, Bias, float>;
  Context<Host> nothing;
  static_cast<void>(nothing);
  // y (3, 5) = x (3, 7) W^T, dx (3, 7) = dy (3, 5) W, dW (5, 7) = dy^T x
  auto const same = [](ProductShape const& s, int rows, int columns, int depth) {
    return s.rows == rows && s.columns == columns && s.depth == depth && s.to_row == columns &&
           s.a_row == (s.a_transposed ? rows : depth) && s.b_row == (s.b_transposed ? depth : columns);
  };
  if (!found()) return;
  Context<Cuda> const ctx;
  CHECK(same(Shapes::forward(ctx, 3), 3, 5, 7));
  CHECK(same(Shapes::data(ctx, 3), 3, 7, 5));
  CHECK(same(Shapes::weights(ctx, 3), 5, 7, 3));
}
