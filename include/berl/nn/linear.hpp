#pragma once
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/nn/conv2d.hpp>     // Bias, NoBias, ConvParams
#include <berl/host/eigen.hpp>    // matrix products

namespace berl::nn {
namespace detail {
template <class In, int N>
struct Inputs {
  static_assert(In::size == N, "berl::nn::Linear<In, Out>: the sample has another number of elements than the layer takes.");
  using type = In;
};
}  // namespace detail

/// Fully connected layer. A map is taken as it lies, channel by channel.
///   y = weight x + bias;  dx = weight^T dy;  dweight += dy x^T;  dbias += dy
///   shapes  x: (N, In), or any sample of In elements; y: (N, Out); weight: (Out, In); bias: (Out)
///   keeps   x
///   errors  detail::Inputs, when a sample does not have In elements
template <int In_, int Out, class HasBias = Bias>
struct Linear : Layer {
  static_assert(In_ > 0 && Out > 0, "berl::nn::Linear<In, Out>: both must be positive.");
  template <class In>
  using output = std::conditional_t<detail::Inputs<In, In_>::type::size == In_, Shape<Out>, Shape<Out>>;
  template <class In>
  static constexpr std::int64_t macs = static_cast<std::int64_t>(In_) * Out;
  template <class T, class D>
  using Params = detail::ConvParams<T, D, Shape<Out, In_>, Out, HasBias>;
  static constexpr int fan_in = In_;

  template <class Mode, class T, class In, class D, class Y, class P>
  static void forward(Context<D>& ctx, Params<T, D> const& p, Read<T, In, D> x, Y y, P) {
    Kernel<Linear, D>::forward(ctx, p, x, y);
  }
  template <class Mode, class T, class In, class D, class DX>
  static void backward(Context<D>& ctx, Params<T, D>& p, Read<T, In, D> x, Read<T, Shape<Out>, D> dy, DX dx, Pass<T>) {
    Kernel<Linear, D>::backward(ctx, p, x, dy, dx);
  }
};

/// Gives a map the shape of a vector, channel by channel.
struct Flatten : Layer {
  template <class In>
  using output = Shape<In::size>;
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P) {
    Kernel<Flatten, D>::pass_on(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D>, Read<T, Shape<In::size>, D> dy, DX dx, Pass<T>) {
    if constexpr (!skips<DX>) Kernel<Flatten, D>::pass_on(ctx, dy, dx);
  }
};
}  // namespace berl::nn

namespace berl {
template <>
struct Kernel<nn::Flatten, Host> {
  template <class From, class To>
  static void pass_on(Context<Host>&, From from, To to) {
    for (std::size_t i = 0; i < from.size(); ++i) put_at(to, static_cast<std::ptrdiff_t>(i), from.data()[i]);
  }
};

template <int I, int O, class B>
struct Kernel<nn::Linear<I, O, B>, Host> {
  template <class T>
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  template <class T>
  using In = Eigen::Map<Matrix<T> const, 0, Eigen::OuterStride<>>;
  template <class T>
  using Out = Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>;

  // Each product is cut into blocks of columns (rows, for the weights), each of which is one thread's.
  static constexpr int block = 64;
  static constexpr int blocks(int n) { return (n + block - 1) / block; }

  template <class T, class S, class Params, class Y>
  static void forward(Context<Host>& ctx, Params const& p, Read<T, S, Host> x, Y y) {
    int const n = x.batch();
    parallel_for(ctx, blocks(O), [&](std::ptrdiff_t b) {
      int const first = static_cast<int>(b) * block, count = std::min(block, O - first);
      Out<T> to(y.data() + first, n, count, Eigen::OuterStride<>(O));
      In<T> const from(x.data(), n, I, Eigen::OuterStride<>(I));
      In<T> const weight(p.weight.value() + static_cast<std::ptrdiff_t>(first) * I, count, I, Eigen::OuterStride<>(I));
      if constexpr (onto<Y>) to = In<T>(y.base.data() + first, n, count, Eigen::OuterStride<>(O));
      if constexpr (accumulates<Y>)
        to.noalias() += from * weight.transpose();
      else
        to.noalias() = from * weight.transpose();
      if constexpr (std::is_same_v<B, nn::Bias>)
        for (int i = 0; i < n; ++i)
          for (int o = 0; o < count; ++o) to(i, o) += p.bias_data()[first + o];
    });
  }
  template <class T, class S, class Params, class DX>
  static void backward(Context<Host>& ctx, Params& p, Read<T, S, Host> x, Read<T, Shape<O>, Host> dy, DX dx) {
    int const n = x.batch();
    In<T> const d(dy.data(), n, O, Eigen::OuterStride<>(O));
    if constexpr (!skips<DX>)
      parallel_for(ctx, blocks(I), [&](std::ptrdiff_t b) {
        int const first = static_cast<int>(b) * block, count = std::min(block, I - first);
        Out<T> to(dx.data() + first, n, count, Eigen::OuterStride<>(I));
        In<T> const weight(p.weight.value() + first, O, count, Eigen::OuterStride<>(I));
        if constexpr (onto<DX>) to = In<T>(dx.base.data() + first, n, count, Eigen::OuterStride<>(I));
        if constexpr (accumulates<DX>)
          to.noalias() += d * weight;
        else
          to.noalias() = d * weight;
      });
    parallel_for(ctx, blocks(O), [&](std::ptrdiff_t b) {
      int const first = static_cast<int>(b) * block, count = std::min(block, O - first);
      Out<T> to(p.weight.gradient() + static_cast<std::ptrdiff_t>(first) * I, count, I, Eigen::OuterStride<>(I));
      to.noalias() += In<T>(dy.data() + first, n, count, Eigen::OuterStride<>(O)).transpose() * In<T>(x.data(), n, I, Eigen::OuterStride<>(I));
    });
    if constexpr (std::is_same_v<B, nn::Bias>)
      for (int o = 0; o < O; ++o) {
        double sum = 0;
        for (int i = 0; i < n; ++i) sum += static_cast<double>(d(i, o));
        p.bias.gradient()[o] += static_cast<T>(sum);
      }
  }
};
}  // namespace berl
