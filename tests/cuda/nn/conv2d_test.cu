#include "run_layer.hpp"

#include <berl/cuda/nn/conv2d.hpp>

using namespace berl;
using namespace berl::gpu;
using nn::Bias, nn::Conv2d, nn::ConvTranspose2d, nn::NoBias, nn::Residual, nn::Sequential;

namespace {
template <class... Ls>
struct Chain : Sequential<Ls...> {};
template <class... Ls>
struct Added : Residual<Sequential<Ls...>> {};

/// Floats that are multiplied as they are: sums of a thousand products in another order. In tf32 each factor is off by 5e-4.
constexpr double tf32 = 2e-3;
template <class L, class In>
void check(int batch) {
  check_layer_on_gpu<L, Training, float, In>(batch);
  check_layer_on_gpu<L, Training, float, In>(batch, tf32, Precision::tf32);
}
}  // namespace

TEST_CASE("cuDNN takes the descriptors of all operations") {
  for (Geometry const& g : {Geometry{4, 3, 9, 9, 64, 5, 5, 3, 2, 1}, Geometry{1, 64, 8, 8, 32, 8, 8, 3, 1, 1}})
    for (auto const what : {Convolve::forward, Convolve::data, Convolve::weights}) CHECK_NOTHROW(detail::operation(g, what));
  CHECK_THROWS_AS(detail::operation({1, 16, 8, 8, 16, 9, 8, 3, 1, 1}, Convolve::forward), Error);  // 9 rows out of 8
}

TEST_CASE("what an engine says of its sums decides") {
  Geometry exact{}, rounded{};
  rounded.precision = Precision::tf32;
  using Notes = std::vector<cudnnBackendNumericalNote_t>;
  CHECK(detail::allowed({}, exact));
  CHECK(detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_WINOGRAD, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4}, exact));
  for (auto const note : {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS}) {
    CHECK(!detail::allowed(Notes{note}, exact));
    CHECK(detail::allowed(Notes{note}, rounded));
  }
  for (Geometry const& g : {exact, rounded}) {
    CHECK(!detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, g));
    CHECK(!detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}, g));
  }
}

TEST_CASE("maps are handed over in their layout, with what the view asks for") {
  using Few = Shape<3, 4, 5>;  // in planes
  auto const y = filled<float, Few>(2, "y");
  Tensor<float, Few, Host, Nhwc> pixels(2);
  copy(y.read(), pixels.write());
  float const bias[] = {1, 2, 3};
  Relaid<Few, Nhwc, float> const plain{pixels.read().data(), nullptr}, biased{pixels.read().data(), bias};
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK(plain(i) == y[i]);
    CHECK(biased(i) == y[i] + bias[i / 20 % 3]);
  }
  CHECK(BiasedOf<float>{bias}.at(1)(5.f) == 7.f);
  CHECK(laid_bytes<float, Few, Nhwc>(2) == 128 * sizeof(float));
  CHECK((laid_bytes<float, Shape<16, 4, 5>, Nhwc>(2) == 0 && laid_bytes<float, Shape<3, 1, 1>, Nhwc>(2) == 0));
}

TEST_CASE("convolutions on the GPU are those of the host" * needs_gpu()) {
  check<Chain<Conv2d<3, 64, 3>>, Shape<3, 20, 20>>(3);
  check<Chain<Conv2d<64, 64, 3>>, Shape<64, 14, 14>>(4);
  check<Chain<Conv2d<64, 128, 3, 2>>, Shape<64, 14, 14>>(3);
  check<Chain<Conv2d<64, 128, 1, 2, 0>>, Shape<64, 14, 14>>(3);
  check<Chain<Conv2d<32, 3, 5, 1, 2, Bias>>, Shape<32, 9, 9>>(2);
  check<Chain<Conv2d<16, 48, 4, 2, 1, Bias>>, Shape<16, 8, 8>>(2);
  check<Chain<Conv2d<256, 6, 4, 1, 0>>, Shape<256, 4, 4>>(5);
  check<Added<Conv2d<16, 16, 3, 1, 1, Bias>>, Shape<16, 7, 7>>(2);
  check<Added<Conv2d<5, 5, 3>>, Shape<5, 7, 6>>(2);
}
TEST_CASE("and so are transposed ones" * needs_gpu()) {
  check<Chain<ConvTranspose2d<256, 512, 4, 1, 0>>, Shape<256, 1, 1>>(3);
  check<Chain<ConvTranspose2d<64, 32, 4, 2, 1, Bias>>, Shape<64, 8, 8>>(3);
  check<Chain<ConvTranspose2d<6, 3, 4, 2, 1>>, Shape<6, 5, 5>>(2);
  check<Added<ConvTranspose2d<16, 16, 3, 1, 1>>, Shape<16, 7, 7>>(2);
}
TEST_CASE("a convolution that has not been planned says so" * needs_gpu()) {
  using L = Conv2d<16, 16, 3>;
  using In = Shape<16, 8, 8>;
  auto ctx = test_context();
  static_cast<void>(plan<L, float, In>(ctx, 2));
  Tensor<float, Shape<16, 16, 3, 3>, Cuda> w, dw;
  nn::ParamsOf<L, float, Cuda> params;
  params.weight.place(w.write().data(), dw.write().data());
  for (int const batch : {2, 3}) {
    Tensor<float, In, Cuda> x(batch), y(batch);
    auto const run = [&] { nn::forward<L, Inference>(ctx, params, x.read(), y.write(), Forget{}); };
    if (batch == 2)
      CHECK_NOTHROW(run());
    else
      CHECK_THROWS_AS(run(), std::logic_error);
  }
  ctx.synchronize();
}
