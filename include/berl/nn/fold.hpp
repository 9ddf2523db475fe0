#pragma once
#include <berl/nn/array.hpp>    // Each
#include <berl/nn/conv2d.hpp>   // Conv2d
#include <berl/nn/dropout.hpp>  // Dropout
#include <berl/nn/linear.hpp>   // Linear
#include <berl/nn/norm.hpp>     // BatchNorm
#include <berl/nn/state.hpp>    // ParamsOf

#include <algorithm>  // copy, copy_n
#include <cmath>      // sqrt
#include <cstddef>    // size_t
#include <span>
#include <stdexcept>    // logic_error
#include <type_traits>  // conditional_t
#include <vector>

/// Networks for Inference alone, whose batch norms are part of the layer before them (jacob2018, Sec. 3.2). A batch norm in front of
/// a convolution stays: the zeros of the padding come after it, so that it cannot be moved behind them exactly.
namespace berl::nn {
template <class L>
struct folded;
/// What L becomes: Conv2d and Linear take the batch norm behind them into weight and bias, dropout goes, and nothing has a name.
template <class L>
using Folded = typename folded<L>::type;

namespace detail {
/// The layer that A and a batch norm behind it fold into.
template <class A, class B>
struct folded_pair {
  static constexpr bool exists = false;
  using type = void;
};
template <int C, int M, int K, int S, int P, class B, class Rule>
struct folded_pair<Conv2d<C, M, K, S, P, B>, BatchNorm<M, Rule>> {
  static constexpr bool exists = true;
  using type = Conv2d<C, M, K, S, P, Bias>;
};
template <int I, int O, class B, class Rule>
struct folded_pair<Linear<I, O, B>, BatchNorm<O, Rule>> {
  static constexpr bool exists = true;
  using type = Linear<I, O, Bias>;
};
template <class L>
inline constexpr bool drops = false;
template <int Percent>
inline constexpr bool drops<Dropout<Percent>> = true;

template <class Done, class... Ls>
struct folded_list;
template <class... Done>
struct folded_list<List<Done...>> {
  using type = Sequential<Done...>;
};
template <class... Done, class A>
struct folded_list<List<Done...>, A> : std::conditional_t<drops<A>, folded_list<List<Done...>>, folded_list<List<Done..., Folded<A>>>> {};
template <class... Done, class A, class B, class... Ls>
struct folded_list<List<Done...>, A, B, Ls...>
    : std::conditional_t<drops<A>, folded_list<List<Done...>, B, Ls...>,
                         std::conditional_t<folded_pair<A, B>::exists, folded_list<List<Done..., typename folded_pair<A, B>::type>, Ls...>,
                                            folded_list<List<Done..., Folded<A>>, B, Ls...>>> {};
template <class L>
struct folded_layers;
template <class... Ls>
struct folded_layers<List<Ls...>> : folded_list<List<>, Unnamed<Ls>...> {};

template <class L>
struct FoldedSequential : folded_layers<typename L::layers>::type {};
template <class L>
struct FoldedRepeat : Repeat<L::times, Folded<typename L::layer>> {};
template <class L>
struct FoldedResidual : Residual<Folded<typename L::body>, Folded<typename L::shortcut>> {};
}  // namespace detail

template <class L>
struct folded {
  using type = L;
};
template <IsSequential L>
struct folded<L> {
  using type = detail::FoldedSequential<L>;
};
template <IsRepeat L>
struct folded<L> {
  using type = detail::FoldedRepeat<L>;
};
template <IsResidual L>
struct folded<L> {
  using type = detail::FoldedResidual<L>;
};
template <IsNamed L>
struct folded<L> : folded<typename L::layer> {};

/// Fills the parameters of one layer that gives what `layer` and then `norm` give in Inference.
///   weight'[m] = s[m] weight[m];  bias'[m] = s[m] (bias[m] - running_mean[m]) + norm.bias[m]
///   s[m] = norm.weight[m] / sqrt(running_var[m] + eps)
///   shapes  weight: (M, C, K, K) or (M, C); everything else: (M). `to` may not share memory with `layer`
template <class A, class B, class T>
  requires(detail::folded_pair<A, B>::exists)
void fold(ParamsOf<A, T, Host> const& layer, ParamsOf<B, T, Host> const& norm,
          ParamsOf<typename detail::folded_pair<A, B>::type, T, Host>& to) {
  constexpr int M = decltype(to.bias)::shape::size, taps = A::fan_in;
  for (int m = 0; m < M; ++m) {
    double const scale = static_cast<double>(norm.weight.value()[m]) / std::sqrt(static_cast<double>(norm.running_var.value()[m]) + B::eps);
    for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(m) * taps; i < static_cast<std::ptrdiff_t>(m + 1) * taps; ++i)
      to.weight.value()[i] = static_cast<T>(scale * static_cast<double>(layer.weight.value()[i]));
    double const bias = layer.bias_data() ? static_cast<double>(layer.bias_data()[m]) : 0;
    double const mean = static_cast<double>(norm.running_mean.value()[m]);
    to.bias.value()[m] = static_cast<T>(scale * (bias - mean) + static_cast<double>(norm.bias.value()[m]));
  }
}

template <class L, class T>
void fold(ParamsOf<L, T, Host>& from, ParamsOf<Folded<L>, T, Host>& to);

namespace detail {
/// Layers I, I + 1, ... of a Sequential to layers J, J + 1, ... of the folded one.
template <class L, int I, int J, class T>
void fold_from(ParamsOf<L, T, Host>& from, ParamsOf<Folded<L>, T, Host>& to) {
  if constexpr (I < L::layers::size) {
    using A = Unnamed<layer_of<L, I>>;
    using B = Unnamed<layer_of<L, I + 1 < L::layers::size ? I + 1 : I>>;
    if constexpr (drops<A>) {
      fold_from<L, I + 1, J>(from, to);
    } else if constexpr (folded_pair<A, B>::exists) {
      fold<A, B, T>(own(from.template at<I>()), own(from.template at<I + 1>()), to.template at<J>());
      fold_from<L, I + 2, J + 1>(from, to);
    } else {
      fold<A, T>(own(from.template at<I>()), to.template at<J>());
      fold_from<L, I + 1, J + 1>(from, to);
    }
  }
}
}  // namespace detail

/// Fills the parameters of a folded network from those of the one that was trained.
template <class L, class T>
void fold(ParamsOf<L, T, Host>& from, ParamsOf<Folded<L>, T, Host>& to) {
  if constexpr (IsSequential<L>) {
    detail::fold_from<L, 0, 0, T>(from, to);
  } else if constexpr (IsRepeat<L>) {
    for (int k = 0; k < L::times; ++k) fold<typename L::layer, T>(from.layers[k], to.layers[k]);
  } else if constexpr (IsNamed<L>) {
    fold<typename L::layer, T>(from.named, to);
  } else if constexpr (IsResidual<L>) {
    fold<typename L::body, T>(from.body, to.body);
    fold<typename L::shortcut, T>(from.shortcut, to.shortcut);
  } else {
    std::vector<std::span<T>> targets;
    to.visit(Each<T>([&](Array<T> const& array) { targets.push_back(array.values); }), Path{});
    from.visit(Each<T>([&, k = std::size_t{0}](Array<T> const& array) mutable {
                 if (k >= targets.size() || targets[k].size() != array.values.size())
                   throw std::logic_error("berl::nn::fold: a layer and what it folds into have other arrays.");
                 std::copy(array.values.begin(), array.values.end(), targets[k++].begin());
               }),
               Path{});
  }
}
}  // namespace berl::nn
