#include <berl/cuda/nn/conv2d.hpp>

#include "cuda/nn/layer.hpp"

namespace berl::bench {
/// A convolution L by cuDNN, also where berl has kernels of its own.
template <class L>
struct ByCudnn : L {
  template <class Mode, class T, class In, class Y, class P>
  static void forward(Context<Cuda>& ctx, typename L::template Params<T, Cuda> const& p, Read<T, In, Cuda> x, Y y, P) {
    gpu::ConvolutionKernel<L>::template forward<In>(ctx, p, x, y);
  }
  template <class Mode, class T, class In, class DX>
  static void backward(Context<Cuda>& ctx, typename L::template Params<T, Cuda>& p, Read<T, In, Cuda> x,
                       Read<T, typename L::template output<In>, Cuda> dy, DX dx, Pass<T>) {
    gpu::ConvolutionKernel<L>::template backward<In>(ctx, p, x, dy, dx);
  }
};
}  // namespace berl::bench
template <class L, class T, class In>
struct berl::gpu::Planned<berl::bench::ByCudnn<L>, T, In> : berl::gpu::ConvolutionOf<L, T, In> {};

namespace {
using namespace berl;
using namespace berl::bench;

/// conv/3x3s2/128-128/56/b128/forward/tf32, data and weight: kernel and stride, channels in and out, side, batch, precision. Where there is
/// a choice, what cuDNN computes has /cudnn before the precision.
template <class L, class In, class T>
void add_products(std::string const& name, std::string const& by, Precision precision) {
  using Layer = Run<L, In, T>;
  static constexpr int batch = 128;
  constexpr double weights = static_cast<double>(nn::SizesOf<L>::parameters);
  constexpr Work once{.flops = 2.0 * batch * static_cast<double>(nn::macs<L, In>()),
                      .bytes = sizeof(T) * (batch * double{In::size + Layer::Out::size} + weights)};
  constexpr Work added{.flops = once.flops, .bytes = once.bytes + (sizeof(T) < 4 ? 8 : 4) * weights};  // gradients are floats, added to
  // planned and checked once, though each benchmark is called several times; and never destroyed, since the driver may end first
  static auto& run = *new std::unique_ptr<Layer>;
  static Precision of;
  auto const add_direction = [&](char const* direction, auto const& body) {
    add(text(name, "/b", batch, "/", direction, by, "/", name_of(precision)), [=](benchmark::State& state) {
      if (!run || of != precision) {
        run.reset();
        auto made = std::make_unique<Layer>(batch, precision);
        if (!made->is_bilinear()) return state.SkipWithError("forward and gradients contradict one another");
        run = std::move(made);
        of = precision;
      }
      body(state, *run);
    });
  };
  add_direction("forward", [=](auto& state, Layer& layer) { measure(state, layer.context(), once, [&] { layer.forward(); }); });
  // A layer gives both gradients, or that of the weights alone: their difference, taken in turn.
  add_direction("data", [=](auto& state, Layer& layer) {
    measure_seconds(state, layer.context(), once, [&](benchmark::IterationCount n) {
      auto const both = seconds(layer.context(), n, [&] { layer.backward(); });
      return both - seconds(layer.context(), n, [&] { layer.backward_parameters(); });
    });
  });
  add_direction("weight", [=](auto& state, Layer& layer) { measure(state, layer.context(), added, [&] { layer.backward_parameters(); }); });
}
template <int C, int S, int Side, class T>
void add_conv2d(Precision precision) {
  add_products<nn::Conv2d<C, C, 3, S, 1>, Shape<C, Side, Side>, T>(text("conv/3x3", S > 1 ? "s2/" : "/", C, "-", C, "/", Side), "",
                                                                   precision);
}
/// Layers that look at the picture: IResNet's first, and that of the encoders. Each by berl's kernels, whatever the precision, and by
/// cuDNN.
template <class T>
void add_first_layers(Precision precision) {
  using Stem = nn::Conv2d<3, 64, 3>;
  using Encoder = nn::Conv2d<3, 32, 4, 2, 1>;
  add_products<Stem, Shape<3, 112, 112>, T>("conv/3x3/3-64/112", "", precision);
  add_products<ByCudnn<Stem>, Shape<3, 112, 112>, T>("conv/3x3/3-64/112", "/cudnn", precision);
  add_products<Encoder, Shape<3, 64, 64>, T>("conv/4x4s2/3-32/64", "", precision);
  add_products<ByCudnn<Encoder>, Shape<3, 64, 64>, T>("conv/4x4s2/3-32/64", "/cudnn", precision);
}

/// The 3x3 convolutions of IResNet's four stages: the strided one, and that of all other blocks.
template <int C, int Side, class T>
void add_stage(Precision precision) {
  add_conv2d<C, 2, Side, T>(precision);
  add_conv2d<C, 1, Side / 2, T>(precision);
}
template <class T = float>
void add_layers(Precision precision) {
  add_first_layers<T>(precision);
  add_stage<64, 112, T>(precision);
  add_stage<128, 56, T>(precision);
  add_stage<256, 28, T>(precision);
  add_stage<512, 14, T>(precision);
}
bool const added = [] {
  add_layers(Precision::fp32);
  add_layers(Precision::tf32);
  add_layers<Bf16>(Precision::bf16);
  return true;
}();
}  // namespace
