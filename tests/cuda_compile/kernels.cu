#include <berl/cuda/expr/evaluate.hpp>
#include <berl/cuda/expr/gradient.hpp>
#include <berl/cuda/imaging/camera.hpp>
#include <berl/cuda/imaging/canonical_depth.hpp>
#include <berl/cuda/imaging/normals.hpp>
#include <berl/cuda/imaging/rasterize.hpp>
#include <berl/cuda/imaging/viewpoint.hpp>
#include <berl/cuda/imaging/warp.hpp>
#include <berl/cuda/nn/group_norm.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/cuda/optim/adam.hpp>
#include <berl/cuda/optim/sgd.hpp>
#include <berl/cuda/tensor.hpp>
#include <berl/imaging/renderer.hpp>

// Every kernel once, as users would name it. What they compute is tested in tests/cuda, which takes longer to compile.
using namespace berl;

template <class S>
using Map = Tensor<float, S, Cuda>;

void copies(Context<Cuda>& ctx) {
  using S = Shape<32, 7, 7>;
  Tensor<float, S> host(2);
  Map<S> gpu(2), other(2);
  copy(ctx, host.read(), gpu.write());
  copy(ctx, gpu.read(), other.write());
  copy(ctx, other.read(), host.write());
}

void renders(Context<Cuda>& ctx, Arena& arena, imaging::Settings const& settings) {
  constexpr int S = 64;
  Map<Shape<1, S, S>> depth(2), raw(2), d_depth(2), d_raw(2);
  Map<Shape<3, S, S>> albedo(2), d_albedo(2), points(2);
  Map<Shape<4, 1, 1>> light(2), d_light(2);
  Map<Shape<6, 1, 1>> view(2), d_view(2);
  imaging::canonical_depth(ctx, settings, raw.read(), depth.write());
  imaging::Scene<float, S, Cuda> const scene{depth.read(), albedo.read(), light.read(), view.read()};
  imaging::Rendering<float, S, Cuda> const maps(arena, 2);
  imaging::render(ctx, settings, scene, maps);
  imaging::render_backward(ctx, settings, scene, maps, maps.image.read(), d_depth.write(), d_albedo.write(), d_light.write(),
                           d_view.write());
  imaging::canonical_depth_backward(ctx, settings, raw.read(), d_depth.read(), d_raw.write());
  imaging::points(ctx, settings, depth.read(), points.write());
  imaging::points_backward(ctx, settings, points.read(), d_depth.add());
}

template <class L, class S, class D, class... P>
void layer(Context<D>& ctx, Pass<float> pass, P&... params) {
  using Out = typename L::template output<S>;
  Map<S> x(2), dx(2);
  Map<Out> y(2), dy(2);
  L::template forward<Training>(ctx, params..., x.read(), y.write(), pass);
  L::template backward<Training>(ctx, params..., x.read(), dy.read(), dx.write(), pass);
}
void layers(Context<Cuda>& ctx, Pass<float> pass) {
  using S = Shape<64, 14, 14>;
  nn::PReLU<64>::Params<float, Cuda> prelu;
  nn::BatchNorm<64>::Params<float, Cuda> batch_norm;
  nn::GroupNorm<16, 64>::Params<float, Cuda> group_norm;
  nn::ReLU::Params<float, Cuda> none;
  layer<nn::PReLU<64>, S>(ctx, pass, prelu);
  layer<nn::Activated<nn::BatchNorm<64>, nn::PReLU<64>>, S>(ctx, pass, batch_norm, prelu);
  layer<nn::Activated<nn::GroupNorm<16, 64>, nn::ReLU>, S>(ctx, pass, group_norm, none);
  layer<nn::Tanh, S>(ctx, pass, none);
  layer<nn::Dropout<40>, S>(ctx, pass, none);
  layer<nn::Upsample, S>(ctx, pass, none);
  layer<nn::Average, S>(ctx, pass, none);
}

void optimisers(Context<Cuda>& ctx, std::span<float> x, std::span<float const> dx) {
  optim::Sgd{}.step(ctx, x, dx, x, 0.1, 0, 1);
  optim::Adam{}.step(ctx, x, dx, x, x, 0.1, 0, 1);
}
