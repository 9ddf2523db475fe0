#pragma once
#include <berl/nn/conv2d.hpp>  // Conv2d
#include <berl/nn/norm.hpp>    // BatchNorm
#include <berl/nn/state.hpp>   // ParamsOf

namespace berl::nn {
/// The convolution with bias that a convolution followed by a batch norm becomes.
template <class Conv>
struct folded;
template <int C, int M, int K, int S, int P, class B>
struct folded<Conv2d<C, M, K, S, P, B>> {
  using type = Conv2d<C, M, K, S, P, Bias>;
};
template <class Conv>
using Folded = typename folded<Conv>::type;

/// Fills the parameters of one convolution that gives what `conv` and then `norm` give in Inference (jacob2018, Sec. 3.2).
///   weight'[m] = s[m] weight[m];  bias'[m] = s[m] (bias[m] - running_mean[m]) + norm.bias[m]
///   s[m] = norm.weight[m] / sqrt(running_var[m] + eps)
///   shapes  weight: (M, C, K, K); everything else: (M). `to` may not share memory with `conv`
template <int C, int M, int K, int S, int P, class B, class Rule, class T>
void fold(ParamsOf<Conv2d<C, M, K, S, P, B>, T, Host> const& conv, ParamsOf<BatchNorm<M, Rule>, T, Host> const& norm,
          ParamsOf<Conv2d<C, M, K, S, P, Bias>, T, Host>& to) {
  constexpr int taps = C * K * K;
  for (int m = 0; m < M; ++m) {
    double const variance = static_cast<double>(norm.running_var.value()[m]) + BatchNorm<M, Rule>::eps;
    double const scale = static_cast<double>(norm.weight.value()[m]) / std::sqrt(variance);
    for (int i = 0; i < taps; ++i)
      to.weight.value()[m * taps + i] = static_cast<T>(scale * static_cast<double>(conv.weight.value()[m * taps + i]));
    double const bias = conv.bias_data() ? static_cast<double>(conv.bias_data()[m]) : 0;
    double const mean = static_cast<double>(norm.running_mean.value()[m]);
    to.bias.value()[m] = static_cast<T>(scale * (bias - mean) + static_cast<double>(norm.bias.value()[m]));
  }
}
}  // namespace berl::nn
