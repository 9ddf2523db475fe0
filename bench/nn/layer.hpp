#pragma once
#include <berl/nn/sequential.hpp>  // forward, backward
#include <berl/nn/state.hpp>       // Weights

#include <algorithm>  // copy_n
#include <cmath>      // sqrt

#include "bench.hpp"

namespace berl::bench {
/// A layer or network with random parameters, input and dy, and the memory that its type asks for.
template <class L, class In>
class Run {
 public:
  using Out = nn::OutputOf<L, In>;
  Run(int batch, int threads, Convolutions convolutions = Convolutions::fastest)
      : weights_(),
        x_(batch),
        dx_(batch),
        y_(batch),
        dy_(batch),
        memory_(nn::kept<L, float, In>(batch) * sizeof(float)),
        kept_(memory_.template take<float>(nn::kept<L, float, In>(batch))) {
    ctx_.threads = threads;
    ctx_.convolutions = convolutions;
    ctx_.scratch = Arena(nn::scratch<L, float, In>(batch, threads));
    weights_.params.visit(
        [&](Path const& path, auto& array) {
          using P = std::remove_cvref_t<decltype(array)>;
          using S = typename P::shape;
          if (path.text.ends_with("running_var")) return;  // 1
          randomise({array.value(), S::size}, 1 / std::sqrt(static_cast<double>(S::size) / channels<S>));
        },
        Path{});
    randomise(x_.span());
    randomise(dy_.span(), 1, 2);
  }
  template <class Mode = Training>
  void forward() {
    nn::forward<L, Mode>(ctx_, weights_.params, x_.read(), y_.write(), pass());
  }
  /// y = x + layer(x), as the last layer of a residual body does.
  void forward_onto_input() {
    nn::forward<L, Training>(ctx_, weights_.params, x_.read(), Onto<float, In, Host>(y_.write(), x_.read()), pass());
  }
  void backward() { nn::backward<L, Training>(ctx_, weights_.params, x_.read(), dy_.read(), dx_.write(), pass()); }
  /// The gradients of the parameters alone.
  void backward_parameters() {
    nn::backward<L, Training>(ctx_, weights_.params, x_.read(), dy_.read(), Skip<float, In, Host>(nullptr, x_.batch()), pass());
  }

  /// Of a layer without bias that is linear in its weights and in x: <y, dy> = <x, dx> = <w, dw>, to a hundredth of their usual size.
  bool is_bilinear() {
    weights_.clear_gradients();
    forward();
    backward();
    auto const product = [](std::span<float const> a, std::span<float const> b, double& squares) {
      double sum = squares = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        double const term = static_cast<double>(a[i]) * static_cast<double>(b[i]);
        sum += term, squares += term * term;
      }
      return sum;
    };
    double size = 0, unused = 0;
    double const y = product(y_.span(), dy_.span(), size), x = product(x_.span(), dx_.span(), unused);
    double const w = product(weights_.values(), weights_.gradients(), unused);
    return std::abs(y - x) < 0.01 * std::sqrt(size) && std::abs(y - w) < 0.01 * std::sqrt(size);
  }

 private:
  Pass<float> pass() const { return {kept_, 1, 2}; }
  Context<Host> ctx_;
  nn::Weights<L> weights_;
  Tensor<float, In> x_, dx_;
  Tensor<float, Out> y_, dy_;
  Arena memory_;
  float* kept_;
};
}  // namespace berl::bench
