#pragma once
#include <berl/nn/conv2d.hpp>  // Conv2d

#include "layer.hpp"

namespace berl::bench {
/// conv/3x3s2/64-128/56/b8/forward, data and weight: kernel and stride, channels in and out, side, batch; and, where Winograd's method may
/// be the faster, .../forward/direct and so on, without it.
template <class L, class In>
void add_convolution(std::string const& kernel) {
  using Out = nn::OutputOf<L, In>;
  static constexpr double weights = static_cast<double>(nn::SizesOf<L>::parameters);
  static constexpr bool choice = host::fits_winograd(L::template forward_of<In>());
  for (int const batch : {4, 8})
    for (auto const method : {Convolutions::fastest, Convolutions::direct}) {
      bool const direct = method == Convolutions::direct;
      if (direct && !choice) continue;
      std::string const end = direct ? "/direct" : "";
      std::string const name = text("conv/", kernel, "/", channels<In>, "-", channels<Out>, "/", height<In>, "/b", batch, "/");
      Work const once{.flops = 2.0 * batch * static_cast<double>(nn::macs<L, In>()),
                      .bytes = 4.0 * (batch * double{In::size + Out::size} + weights)};
      Work const added{.flops = once.flops, .bytes = once.bytes + 4 * weights};  // weight gradients are read too
      auto const checked = [=](auto const& body) {
        return [=](benchmark::State& state) {
          Run<L, In> run(batch, threads_of(state), method);
          if (!run.is_bilinear()) return state.SkipWithError("forward and gradients contradict one another");
          body(state, run);
        };
      };
      add(name + "forward" + end, checked([=](auto& state, auto& run) { measure(state, once, [&] { run.forward(); }); }));
      // A layer gives both gradients, or that of the weights alone: their difference, taken in turn.
      add(name + "data" + end, checked([=](auto& state, auto& run) {
            measure_seconds(state, once, [&] { return seconds([&] { run.backward(); }) - seconds([&] { run.backward_parameters(); }); });
          }));
      add(name + "weight" + end, checked([=](auto& state, auto& run) { measure(state, added, [&] { run.backward_parameters(); }); }));
    }
}

inline std::string kernel_name(int K, int S) { return text(K, "x", K, S > 1 ? text("s", S) : ""); }

template <int C, int M, int K, int S, int P, int Side>
void add_conv2d() {
  add_convolution<nn::Conv2d<C, M, K, S, P>, Shape<C, Side, Side>>(kernel_name(K, S));
}
template <int C, int M, int K, int S, int P, int Side>
void add_transposed() {
  add_convolution<nn::ConvTranspose2d<C, M, K, S, P>, Shape<C, Side, Side>>(text("t", kernel_name(K, S)));
}
}  // namespace berl::bench
