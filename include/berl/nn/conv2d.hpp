#pragma once
#include <berl/core/check.hpp>        // check::Channels
#include <berl/host/nn/convolve.hpp>  // convolve, weight_gradient
#include <berl/nn/layer.hpp>          // Layer, Param
#include <berl/nn/runs.hpp>           // Runs, sum_run
#include <berl/nn/watched.hpp>        // reader_of

namespace berl::nn {
struct Bias {};
struct NoBias {};

namespace detail {
/// How far behind the last image of a convolution, or whether it has one at all.
template <class In, int K, int S, int P>
struct ConvFits {
  static_assert(height<In> + 2 * P >= K && width<In> + 2 * P >= K,
                "berl::nn::Conv2d: the kernel is larger than the padded image. Use a smaller kernel, or pad more.");
  static constexpr int H = (height<In> + 2 * P - K) / S + 1, W = (width<In> + 2 * P - K) / S + 1;
};

/// The parameters of both kinds of convolution; `weight` as PyTorch has it.
template <class T, class D, class Weight, int Channels, class HasBias>
struct ConvParams {
  Param<T, Weight, D> weight;
  constexpr void visit(auto&& f, auto const& path) { f(path / "weight", weight); }
  number_of<T> const* bias_data() const { return nullptr; }
};
template <class T, class D, class Weight, int Channels>
struct ConvParams<T, D, Weight, Channels, Bias> {
  Param<T, Weight, D> weight;
  Param<T, Shape<Channels>, D> bias;
  constexpr void visit(auto&& f, auto const& path) {
    f(path / "weight", weight);
    f(path / "bias", bias);
  }
  number_of<T> const* bias_data() const { return bias.value(); }
};

/// db[c] += sum over pictures and pixels of dy
template <class T, class S>
void bias_gradient(Context<Host>& ctx, Read<T, S, Host> dy, T* db) {
  using R = Runs<S>;
  parallel_for(ctx, R::blocks, [&](std::ptrdiff_t i) {
    double sums[2][R::block] = {};
    for (int n = 0; n < dy.batch(); ++n) {
      T const* const from = dy.sample(n) + i * R::length;
      sum_run<T, R::block, R::length>([&](int j, int, T& d, T& unused) { d = from[j], unused = T(0); }, sums);
    }
    for (int c = 0; c < R::block; ++c) db[i * R::block + c] += static_cast<T>(sums[0][c]);
  });
}
}  // namespace detail

/// Two-dimensional convolution (cross-correlation) with zero padding.
///   y[m][v][u] = bias[m] + sum over c, i, j of weight[m][c][i][j] x[c][v S + i - P][u S + j - P]
///   shapes  x: (N, C, H, W), y: (N, M, (H + 2P - K) / S + 1, (W + 2P - K) / S + 1), weight: (M, C, K, K), bias: (M)
///   needs   x, kept or computed again
///   errors  check::Channels; a kernel larger than the padded image
template <int C, int M, int K, int S = 1, int P = K / 2, class HasBias = NoBias>
struct Conv2d : Layer {
  static constexpr bool dx_over_x = true, tells_runs = true;
  static_assert(C > 0 && M > 0, "berl::nn::Conv2d<C, M, K>: the numbers of channels must be positive.");
  static_assert(K > 0 && K <= 8 && S > 0 && S <= 4 && P >= 0,
                "berl::nn::Conv2d<C, M, K, S, P>: 1 to 8 for K, 1 to 4 for S, and P not negative.");
  static_assert(K % 2 == 1 || S > 1 || P != K / 2,
                "berl::nn::Conv2d: K must be odd, so that padding K / 2 keeps the image size; name the padding of an even kernel.");
  template <class In>
  using Fits = detail::ConvFits<typename check::Channels<In, C>::type, K, S, P>;
  template <class In>
  using output = Shape<M, Fits<In>::H, Fits<In>::W>;
  template <class In>
  static constexpr std::int64_t macs = static_cast<std::int64_t>(output<In>::size) * C * K * K;
  template <class T, class D>
  using Params = detail::ConvParams<T, D, Shape<M, C, K, K>, M, HasBias>;
  static constexpr int fan_in = C * K * K;

  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int threads) {
    return std::max({host::convolve_scratch<T>(forward_of<In>(), batch, threads),
                     host::convolve_scratch<T>(adjoint_of<In>(), batch, threads),
                     host::weight_gradient_scratch<T>(forward_of<In>(), batch, threads)});
  }

  template <class Mode, class T, class In, class D, class Y, class P_>
  static void forward(Context<D>& ctx, Params<T, D> const& p, Read<T, In, D> x, Y y, P_) {
    Kernel<Conv2d, D>::template forward<In>(ctx, p, x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, output<In>, D> dy, DX dx, Pass<T>) {
    Kernel<Conv2d, D>::template backward<In>(ctx, p, x, dy, dx);
  }

  template <class In>
  static constexpr host::Convolution forward_of() {
    return {C, height<In>, width<In>, M, Fits<In>::H, Fits<In>::W, K, S, P, false};
  }
  template <class In>
  static constexpr host::Convolution adjoint_of() {
    return {M, Fits<In>::H, Fits<In>::W, C, height<In>, width<In>, K, S, P, true};
  }
};

/// Transposed convolution, the adjoint of Conv2d<M, C, K, S, P>.
///   y[m][v S - P + i][u S - P + j] += weight[c][m][i][j] x[c][v][u]
///   shapes  x: (N, C, H, W), y: (N, M, (H - 1) S - 2P + K, (W - 1) S - 2P + K), weight: (C, M, K, K), bias: (M)
///   needs   x, kept or computed again
///   errors  check::Channels
template <int C, int M, int K, int S, int P, class HasBias = NoBias>
struct ConvTranspose2d : Layer {
  static constexpr bool dx_over_x = true, tells_runs = true;
  static_assert(C > 0 && M > 0 && K > 0 && K <= 8 && S > 0 && S <= 4 && P >= 0 && P < K,
                "berl::nn::ConvTranspose2d<C, M, K, S, P>: channels must be positive, K 1 to 8, S 1 to 4, P less than K.");
  template <class In>
  using output = Shape<M, (height<typename check::Channels<In, C>::type> - 1) * S - 2 * P + K, (width<In> - 1) * S - 2 * P + K>;
  template <class In>
  static constexpr std::int64_t macs = static_cast<std::int64_t>(In::size) * M * K * K;
  template <class T, class D>
  using Params = detail::ConvParams<T, D, Shape<C, M, K, K>, M, HasBias>;
  static constexpr int fan_in = M * K * K;  // as PyTorch counts it, because of the weight's layout

  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int threads) {
    return std::max({host::convolve_scratch<T>(forward_of<In>(), batch, threads),
                     host::convolve_scratch<T>(adjoint_of<In>(), batch, threads),
                     host::weight_gradient_scratch<T>(adjoint_of<In>(), batch, threads)});
  }
  template <class Mode, class T, class In, class D, class Y, class P_>
  static void forward(Context<D>& ctx, Params<T, D> const& p, Read<T, In, D> x, Y y, P_) {
    Kernel<ConvTranspose2d, D>::template forward<In>(ctx, p, x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, output<In>, D> dy, DX dx, Pass<T>) {
    Kernel<ConvTranspose2d, D>::template backward<In>(ctx, p, x, dy, dx);
  }

  template <class In>
  static constexpr host::Convolution forward_of() {
    return {C, height<In>, width<In>, M, height<output<In>>, width<output<In>>, K, S, P, true};
  }
  template <class In>
  static constexpr host::Convolution adjoint_of() {
    return {M, height<output<In>>, width<output<In>>, C, height<In>, width<In>, K, S, P, false};
  }
};
}  // namespace berl::nn

namespace berl {
namespace nn::detail {
/// What y is added to, as a pointer to the whole batch.
template <class V>
auto const* base_data(V const& view) {
  if constexpr (onto<V>)
    return view.base.data();
  else if constexpr (adds<V>)
    return static_cast<typename V::element const*>(view.data());
  else
    return static_cast<typename V::element const*>(nullptr);
}
}  // namespace nn::detail

template <int C, int M, int K, int S, int P, class B>
struct Kernel<nn::Conv2d<C, M, K, S, P, B>, Host> {
  using Layer = nn::Conv2d<C, M, K, S, P, B>;
  template <class In, class T, class Params, class Y>
  static void forward(Context<Host>& ctx, Params const& p, Read<T, In, Host> x, Y y) {
    host::convolve<T>(ctx, Layer::template forward_of<In>(), x.batch(), x.data(), p.weight.value(), p.bias_data(), nn::detail::base_data(y),
                      y.data(), nn::reader_of(y));
  }
  template <class In, class T, class Params, class Out, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Read<T, Out, Host> dy, DX dx) {
    host::weight_gradient<T>(ctx, Layer::template forward_of<In>(), x.batch(), x.data(), dy.data(), p.weight.gradient());
    if constexpr (!skips<DX>)  // last, since dx may lie where x does
      host::convolve<T>(ctx, Layer::template adjoint_of<In>(), x.batch(), dy.data(), p.weight.value(), nullptr, nn::detail::base_data(dx),
                        dx.data(), nn::reader_of(dx));
    if constexpr (std::is_same_v<B, nn::Bias>) nn::detail::bias_gradient(ctx, dy, p.bias.gradient());
  }
};

template <int C, int M, int K, int S, int P, class B>
struct Kernel<nn::ConvTranspose2d<C, M, K, S, P, B>, Host> {
  using Layer = nn::ConvTranspose2d<C, M, K, S, P, B>;
  template <class In, class T, class Params, class Y>
  static void forward(Context<Host>& ctx, Params const& p, Read<T, In, Host> x, Y y) {
    host::convolve<T>(ctx, Layer::template forward_of<In>(), x.batch(), x.data(), p.weight.value(), p.bias_data(), nn::detail::base_data(y),
                      y.data(), nn::reader_of(y));
  }
  template <class In, class T, class Params, class Out, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, In, Host> x, Read<T, Out, Host> dy, DX dx) {
    host::weight_gradient<T>(ctx, Layer::template adjoint_of<In>(), x.batch(), dy.data(), x.data(), p.weight.gradient());
    if constexpr (!skips<DX>)  // last, since dx may lie where x does
      host::convolve<T>(ctx, Layer::template adjoint_of<In>(), x.batch(), dy.data(), p.weight.value(), nullptr, nn::detail::base_data(dx),
                        dx.data(), nn::reader_of(dx));
    if constexpr (std::is_same_v<B, nn::Bias>) nn::detail::bias_gradient(ctx, dy, p.bias.gradient());
  }
};
}  // namespace berl
