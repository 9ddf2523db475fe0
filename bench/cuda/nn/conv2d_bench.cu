#include <berl/cuda/nn/conv2d.hpp>

#include "cuda/nn/layer.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

/// conv/3x3s2/128-128/56/b128/forward/tf32, data and weight: kernel and stride, channels in and out, side, batch, precision.
template <int C, int S, int Side, class T>
void add_conv2d(Precision precision) {
  using L = nn::Conv2d<C, C, 3, S, 1>;
  using In = Shape<C, Side, Side>;
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
    add(text("conv/3x3", S > 1 ? "s2/" : "/", C, "-", C, "/", Side, "/b", batch, "/", direction, "/", name_of(precision)),
        [=](benchmark::State& state) {
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

/// The 3x3 convolutions of IResNet's four stages: the strided one, and that of all other blocks.
template <int C, int Side, class T>
void add_stage(Precision precision) {
  add_conv2d<C, 2, Side, T>(precision);
  add_conv2d<C, 1, Side / 2, T>(precision);
}
template <class T = float>
void add_stages(Precision precision) {
  add_stage<64, 112, T>(precision);
  add_stage<128, 56, T>(precision);
  add_stage<256, 28, T>(precision);
  add_stage<512, 14, T>(precision);
}
bool const added = [] {
  add_stages(Precision::fp32);
  add_stages(Precision::tf32);
  add_stages<Bf16>(Precision::bf16);
  return true;
}();
}  // namespace
