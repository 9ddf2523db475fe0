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
/// A result in Bf16 is rounded, and once more where a bias or a base is added.
constexpr double twice_rounded = 2 * rounding<Bf16>;
template <class L, class In>
void check_both(int batch) {
  check_layer_on_gpu<L, Training, float, In>(batch);
  check_layer_on_gpu<L, Training, float, In>(batch, tf32, Precision::tf32);
  check_layer_on_gpu<L, Training, Bf16, In>(batch, twice_rounded, Precision::bf16, rounding<Bf16>);
}
}  // namespace

namespace {
/// The definition of the three operations, on maps (N, H, W, C) and weights (M, K, K, C); `to` is added to.
void convolve(Geometry const& g, Convolve what, double* x, double* w, double* y) {
  for (int n = 0; n < g.N; ++n)
    for (int v = 0; v < g.OH; ++v)
      for (int u = 0; u < g.OW; ++u)
        for (int m = 0; m < g.M; ++m)
          for (int i = 0; i < g.K; ++i)
            for (int j = 0; j < g.K; ++j)
              for (int c = 0; c < g.C; ++c) {
                int const row = v * g.S + i - g.P, column = u * g.S + j - g.P;
                if (row < 0 || row >= g.H || column < 0 || column >= g.W) continue;
                double& at_x = x[((n * g.H + row) * g.W + column) * g.C + c];
                double& at_w = w[((m * g.K + i) * g.K + j) * g.C + c];
                double& at_y = y[((n * g.OH + v) * g.OW + u) * g.M + m];
                if (what == Convolve::forward) at_y += at_x * at_w;
                if (what == Convolve::data) at_x += at_y * at_w;
                if (what == Convolve::weights) at_w += at_x * at_y;
              }
}
/// A layer's step by the geometry that its plan is made from.
template <class L, class In>
void check_geometry() {
  constexpr int batch = 2;
  test::RunLayer<L, double, In> run(batch);
  run.template forward<Training>();
  run.template backward<Training>();
  auto const expected = results(run);
  Geometry const g = geometry_of<L, double, In>(Precision::fp32, batch);
  CHECK(g.type == CUDNN_DATA_DOUBLE);
  using Out = nn::OutputOf<L, In>;
  Tensor<double, In, Host, Nhwc> x(batch), dx(batch);
  Tensor<double, Out, Host, Nhwc> y(batch), dy(batch);
  copy(run.x.read(), x.write());
  copy(run.dy.read(), dy.write());
  using Weight = gpu::detail::Maps<typename decltype(run.weights.params.weight)::shape>;
  using Map = typename Weight::shape;
  Tensor<double, Map, Host, Nhwc> w(Weight::count), dw(Weight::count);
  copy(Read<double, Map, Host, Nchw>(run.weights.params.weight.value(), Weight::count), w.write());
  constexpr bool transposed = L::template forward_of<In>().transposed;
  if (transposed) {
    convolve(g, Convolve::data, &y[0], &w[0], &x[0]);
    convolve(g, Convolve::forward, &dy[0], &w[0], &dx[0]);
    convolve(g, Convolve::weights, &dy[0], &dw[0], &x[0]);
  } else {
    convolve(g, Convolve::forward, &x[0], &w[0], &y[0]);
    convolve(g, Convolve::data, &dx[0], &w[0], &dy[0]);
    convolve(g, Convolve::weights, &x[0], &dw[0], &dy[0]);
  }
  copy(y.read(), run.y.write());
  copy(dx.read(), run.dx.write());
  Tensor<double, Map, Host, Nchw> in_order(Weight::count);
  copy(dw.read(), in_order.write());
  auto const list = [](auto const& from) { return std::vector<double>(from.span().begin(), from.span().end()); };
  CHECK(difference(list(run.y), expected[0]) < 1e-13);
  CHECK(difference(list(run.dx), expected[1]) < 1e-13);
  CHECK(difference(list(in_order), expected[2]) < 1e-13);
}
}  // namespace

TEST_CASE("a layer's geometry is that of its convolution, or of the one whose adjoint it is") {
  check_geometry<Conv2d<3, 16, 3, 2>, Shape<3, 7, 8>>();
  check_geometry<Conv2d<16, 5, 4, 2, 1>, Shape<16, 6, 8>>();
  check_geometry<ConvTranspose2d<16, 3, 4, 2, 1>, Shape<16, 4, 3>>();
  check_geometry<ConvTranspose2d<5, 16, 4, 1, 0>, Shape<5, 1, 1>>();
}

namespace {
/// The operations that are planned for passes P, and the scratch where none takes any of its own.
template <class P, class Layer, class T, class In>
std::vector<Convolve> operations(std::size_t& bytes) {
  std::vector<Convolve> all;
  bytes = Planned<Layer, T, In>::template bytes_with<P>(4, [&](Convolve what) { return all.push_back(what), std::size_t{0}; });
  return all;
}
template <class Layer, class T, class In>
void check_forward_alone(Convolve forward) {
  std::size_t once = 0, whole = 0;
  CHECK(operations<Forget, Layer, T, In>(once) == std::vector{forward});
  CHECK(operations<Pass<T>, Layer, T, In>(whole).size() == 3);
  CHECK(once < whole);
}
}  // namespace

TEST_CASE("for a pass that is forgotten forward alone is planned") {
  check_forward_alone<Conv2d<64, 64, 3, 2>, float, Shape<64, 14, 14>>(Convolve::forward);  // dx is the larger map
  check_forward_alone<Conv2d<64, 64, 3, 2>, Bf16, Shape<64, 14, 14>>(Convolve::forward);
  check_forward_alone<ConvTranspose2d<64, 3, 4, 2, 1>, float, Shape<64, 8, 8>>(Convolve::data);
}

TEST_CASE("convolutions on the GPU are those of the host" * needs_gpu()) {
  check_both<Chain<Conv2d<6, 64, 3>>, Shape<6, 20, 20>>(3);
  check_both<Chain<Conv2d<3, 10, 3>>, Shape<3, 20, 20>>(3);
  check_both<Chain<Conv2d<64, 64, 3>>, Shape<64, 14, 14>>(4);
  check_both<Chain<Conv2d<64, 128, 3, 2>>, Shape<64, 14, 14>>(3);
  check_both<Chain<Conv2d<64, 128, 1, 2, 0>>, Shape<64, 14, 14>>(3);
  check_both<Chain<Conv2d<32, 3, 5, 1, 2, Bias>>, Shape<32, 9, 9>>(2);
  check_both<Chain<Conv2d<16, 48, 4, 2, 1, Bias>>, Shape<16, 8, 8>>(2);
  check_both<Chain<Conv2d<256, 6, 4, 1, 0>>, Shape<256, 4, 4>>(5);
  check_both<Added<Conv2d<16, 16, 3, 1, 1, Bias>>, Shape<16, 7, 7>>(2);
  check_both<Added<Conv2d<5, 5, 3>>, Shape<5, 7, 6>>(2);
}
TEST_CASE("those of pictures need no plan of cuDNN" * needs_gpu()) {
  Context<Cuda> ctx;
  CHECK(plan<Conv2d<3, 64, 3>, float, Shape<3, 20, 20>>(ctx, 3) > 0);
  CHECK(ctx.owned.find<gpu::Convolutions>() == nullptr);
  static_cast<void>(plan<Conv2d<3, 10, 3>, float, Shape<3, 20, 20>>(ctx, 3));
  CHECK(ctx.owned.find<gpu::Convolutions>() != nullptr);
}
TEST_CASE("and so are transposed ones" * needs_gpu()) {
  check_both<Chain<ConvTranspose2d<256, 512, 4, 1, 0>>, Shape<256, 1, 1>>(3);
  check_both<Chain<ConvTranspose2d<64, 32, 4, 2, 1, Bias>>, Shape<64, 8, 8>>(3);
  check_both<Chain<ConvTranspose2d<6, 3, 4, 2, 1>>, Shape<6, 5, 5>>(2);
  check_both<Added<ConvTranspose2d<16, 16, 3, 1, 1>>, Shape<16, 7, 7>>(2);
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
  static_cast<void>(plan<L, float, In, Forget>(ctx, 4));
  Tensor<float, In, Cuda> x(4), y(4);
  auto const forth = [&] { nn::forward<L, Inference>(ctx, params, x.read(), y.write(), Forget{}); };
  CHECK_NOTHROW(forth());
  auto const back = [&] { nn::backward<L, Inference>(ctx, params, x.read(), y.read(), y.write(), Pass<float>(nullptr, 0, 0)); };
  CHECK_THROWS_AS(back(), std::logic_error);
  ctx.synchronize();
}
