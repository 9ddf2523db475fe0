#include "../multiply.hpp"
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

TEST_CASE("the three products are those of the layer's equations") {
  using L = Linear<6, 5, Bias>;
  using Shapes = LinearProducts<6, 5, Bias, double>;
  constexpr int batch = 3;
  test::RunLayer<L, double, Shape<6>> run(batch);
  run.forward<Training>();
  run.backward<Training>();
  auto const expected = results(run);
  double const* const w = run.weights.params.weight.value();
  std::vector<double> y(batch * 5), dx(batch * 6), dw(5 * 6, 0);
  multiply<double>(Shapes::forward(Precision::fp32, batch), &run.x[0], w, run.weights.params.bias.value(), nullptr, y.data());
  multiply<double>(Shapes::data(Precision::fp32, batch), &run.dy[0], w, nullptr, nullptr, dx.data());
  multiply<double>(Shapes::weights(Precision::fp32, batch), &run.dy[0], &run.x[0], nullptr, dw.data(), dw.data());
  CHECK(difference(y, expected[0]) < 1e-14);
  CHECK(difference(dx, expected[1]) < 1e-14);
  CHECK(difference(dw, std::vector<double>(expected[2].begin(), expected[2].begin() + 30)) < 1e-14);
}

TEST_CASE("for a pass that is forgotten forward alone is planned") {
  using In = Shape<16, 7, 7>;
  using Layer = Linear<In::size, 64>;
  auto const planned = [&]<class P>(std::vector<ProductShape>& all) {
    return Planned<Layer, float, In>::bytes_with<P>(Precision::fp32, 4,
                                                    [&](ProductShape const& shape) { return all.push_back(shape), std::size_t{0}; });
  };
  std::vector<ProductShape> once, whole;
  std::size_t const bytes = planned.operator()<Forget>(once);
  CHECK(bytes == sizeof(float) * 4 * In::size);  // the maps, channel by channel
  CHECK(bytes < planned.operator()<Pass<float>>(whole));
  CHECK(once == std::vector{LinearProducts<In::size, 64, Bias, float>::forward(Precision::fp32, 4)});
  CHECK(whole.size() == 3);
}

TEST_CASE("a vector's elements are a map's, channel by channel") {
  using Map = Shape<16, 2, 3>;
  auto const x = filled<float, Map>(2, "x");
  Tensor<float, Map, Host, Nchw> plain(2);
  Tensor<float, Map, Host, Nhwc> pixels(2);
  copy(x.read(), plain.write());
  copy(x.read(), pixels.write());
  Renamed<Map, Shape<96>, float> const flat{pixels.read().data()};
  Renamed<Shape<96>, Map, float> const back{plain.read().data()};
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(flat(i) == plain[i]);
    CHECK(back(i) == pixels[i]);
  }
}

TEST_CASE_TEMPLATE("fully connected layers on the GPU are those of the host" * needs_gpu(), T, float, double) {
  check_layer_on_gpu<Chain<Linear<320, 64>>, Training, T, Shape<320>>(9);
  check_layer_on_gpu<Chain<Linear<16 * 7 * 7, 64>>, Training, T, Shape<16, 7, 7>>(5);  // channel by channel
  check_layer_on_gpu<Chain<Linear<7, 5, NoBias>>, Training, T, Shape<7>>(3);
  check_layer_on_gpu<Added<Linear<16, 16>>, Training, T, Shape<16>>(4);
  check_layer_on_gpu<Chain<Flatten, Linear<48, 8>>, Training, T, Shape<16, 1, 3>>(4);
}
TEST_CASE("and in tf32, but for the rounding of the factors" * needs_gpu()) {
  check_layer_on_gpu<Chain<Linear<320, 64>>, Training, float, Shape<320>>(9, 2e-3, Precision::tf32);  // 5e-4 of each
}
TEST_CASE("and of maps that are stored as Bf16, but for the rounding of results; gradients of weights are float" * needs_gpu()) {
  check_layer_on_gpu<Chain<Linear<320, 64>>, Training, Bf16, Shape<320>>(9);
  check_layer_on_gpu<Chain<Linear<16 * 7 * 7, 64>>, Training, Bf16, Shape<16, 7, 7>>(5);
  check_layer_on_gpu<Added<Linear<16, 16>>, Training, Bf16, Shape<16>>(4);
}
