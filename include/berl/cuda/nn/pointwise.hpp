#pragma once
#include <berl/cuda/nn/map.hpp>  // map
#include <berl/nn/dropout.hpp>   // Dropout
#include <berl/nn/resample.hpp>  // Upsample, Average

#include <type_traits>  // remove_const_t

namespace berl::nn::detail {
template <class F>
struct ValueOf {
  template <class T>
  BERL_FN T operator()(std::size_t, T x) const {
    return F::value(x);
  }
};
template <class F>
struct PullOf {
  template <class T>
  BERL_FN T operator()(std::size_t, T x, T dy) const {
    return dy * F::slope(x);
  }
};
struct PassOn {
  template <class T>
  BERL_FN T operator()(std::size_t, T x) const {
    return x;
  }
};
/// The mask counts elements as they lie on the host, so that both devices drop the same. The number of the step is read where it lies, if
/// it lies anywhere: a kernel that is recorded once draws a new mask in each step.
template <int Percent, class S, class L>
struct DropOf {
  Seed seed;
  std::uint64_t step, place;
  std::uint64_t const* newest_step;
  template <class T>
  BERL_FN T operator()(std::size_t i, T x) const {
    auto const at = gpu::position<S, L>(i);
    std::uint64_t const key = random_key(seed, newest_step != nullptr ? *newest_step : step, place);
    return point::Dropout<Percent>::value(
        x, key, at.sample * S::size + static_cast<std::size_t>(offset_of<S>(at.c, at.pixel / width<S>, at.pixel % width<S>)));
  }
};
/// y[v][u] = x[v / 2][u / 2]
template <class In, class L, class T>
struct UpsampleOf {
  T const* x;
  BERL_FN T operator()(std::size_t i) const {
    using Out = Upsample::output<In>;
    auto const at = gpu::position<Out, LayoutOf<Out, Cuda>>(i);
    int const v = at.pixel / width<Out>, u = at.pixel % width<Out>;
    return x[at.sample * In::size + static_cast<std::size_t>(offset_of<In, L>(at.c, v / 2, u / 2))];
  }
};
/// dx = sum of the four dy
template <class In, class L, class T>
struct UpsamplePullOf {
  T const* dy;
  BERL_FN number_of<T> operator()(std::size_t i) const {
    using Out = Upsample::output<In>;
    auto const at = gpu::position<In, L>(i);
    int const v = 2 * (at.pixel / width<In>), u = 2 * (at.pixel % width<In>);
    T const* const sample = dy + at.sample * Out::size;
    auto const d = [&](int j, int k) { return sample[offset_of<Out, LayoutOf<Out, Cuda>>(at.c, v + j, u + k)]; };
    return (d(0, 0) + d(0, 1)) + (d(1, 0) + d(1, 1));
  }
};
/// y[c] = mean over the pixels of x
template <class In, class L, class T>
struct AverageOf {
  T const* x;
  BERL_FN number_of<T> operator()(std::size_t i) const {
    std::size_t const sample = i / channels<In>;
    int const c = static_cast<int>(i - sample * channels<In>);
    double sum = 0;
    for (int p = 0; p < plane<In>; ++p)
      sum += static_cast<double>(x[sample * In::size + static_cast<std::size_t>(offset_of<In, L>(c, p / width<In>, p % width<In>))]);
    return static_cast<number_of<T>>(sum / plane<In>);
  }
};
/// dx = dy[c] / (H W)
template <class In, class L, class T>
struct AveragePullOf {
  T const* dy;
  BERL_FN number_of<T> operator()(std::size_t i) const {
    auto const at = gpu::position<In, L>(i);
    return number_of<T>{dy[at.sample * channels<In> + static_cast<std::size_t>(at.c)]} / plane<In>;
  }
};
}  // namespace berl::nn::detail

namespace berl {
template <class F>
struct Kernel<nn::Pointwise<F>, Cuda> {
  template <class T, class In, class Y>
  static void forward(Context<Cuda>& ctx, Read<T, In, Cuda> x, Y y) {
    gpu::map(ctx, "berl::nn::Pointwise", nn::detail::ValueOf<F>{}, y, x.data());
  }
  template <class T, class In, class DX>
  static void backward(Context<Cuda>& ctx, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx) {
    if constexpr (!skips<DX>) gpu::map(ctx, "berl::nn::Pointwise", nn::detail::PullOf<F>{}, dx, x.data(), dy.data());
  }
};

template <int Percent>
struct Kernel<nn::Dropout<Percent>, Cuda> {
  template <class T, class S, class Y>
  static void run(Context<Cuda>& ctx, Read<T, S, Cuda> x, Y y, Seed seed, std::uint64_t step, std::uint64_t position) {
    gpu::map(ctx, "berl::nn::Dropout", nn::detail::DropOf<Percent, S, LayoutOf<S, Cuda>>{seed, step, position, ctx.step}, y, x.data());
  }
  template <class T, class S, class Y>
  static void pass_on(Context<Cuda>& ctx, Read<T, S, Cuda> x, Y y) {
    gpu::map(ctx, "berl::nn::Dropout", nn::detail::PassOn{}, y, x.data());
  }
};

template <>
struct Kernel<nn::Upsample, Cuda> {
  template <class T, class In, class Y>
  static void forward(Context<Cuda>& ctx, Read<T, In, Cuda> x, Y y) {
    gpu::map(ctx, "berl::nn::Upsample", nn::detail::UpsampleOf<In, LayoutOf<In, Cuda>, T>{x.data()}, y);
  }
  template <class T, class Out, class DX>
  static void backward(Context<Cuda>& ctx, Read<T, Out, Cuda> dy, DX dx) {
    using In = typename DX::shape;
    gpu::map(ctx, "berl::nn::Upsample", nn::detail::UpsamplePullOf<In, LayoutOf<In, Cuda>, T>{dy.data()}, dx);
  }
};

template <>
struct Kernel<nn::Average, Cuda> {
  template <class T, class In, class Y>
  static void forward(Context<Cuda>& ctx, Read<T, In, Cuda> x, Y y) {
    gpu::map(ctx, "berl::nn::Average", nn::detail::AverageOf<In, LayoutOf<In, Cuda>, T>{x.data()}, y);
  }
  template <class T, class Out, class DX>
  static void backward(Context<Cuda>& ctx, Read<T, Out, Cuda> dy, DX dx) {
    using In = typename DX::shape;
    gpu::map(ctx, "berl::nn::Average", nn::detail::AveragePullOf<In, LayoutOf<In, Cuda>, T>{dy.data()}, dx);
  }
};
}  // namespace berl
