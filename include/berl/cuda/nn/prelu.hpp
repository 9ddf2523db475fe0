#pragma once
#include <berl/cuda/nn/channels.hpp>  // channels_map, channels_sum
#include <berl/nn/prelu.hpp>          // PReLU

namespace berl::nn::detail {
template <class T>
struct PReLUOf {
  T const* weight;
  struct Channel {
    T weight;
    BERL_FN T operator()(T x) const { return point::PReLU::value(x, weight); }
  };
  BERL_FN Channel at(int c) const { return {weight[c]}; }
};
/// The pull-back, whose only sum is the weight's gradient.
template <class T>
struct PReLUPullOf {
  T const* weight;
  struct Channel {
    T weight;
    BERL_FN T operator()(T (&t)[1], T x, T dy) const {
      t[0] = point::PReLU::learnt(x, dy);
      return point::PReLU::pull(x, weight, dy);
    }
  };
  BERL_FN Channel at(int c) const { return {weight[c]}; }
};
template <class T>
struct AddToGradient {
  T* gradient;
  BERL_FN void operator()(int c, double const (&sum)[1]) const { gradient[c] += static_cast<T>(sum[0]); }
};
}  // namespace berl::nn::detail

template <int C>
struct berl::Kernel<berl::nn::PReLU<C>, berl::Cuda> {
  template <class T>
  using Rectified = nn::detail::RectifiedBy<nn::point::PReLU, number_of<T>>;
  template <class T, class In, class Y>
  static void forward(Context<Cuda>& ctx, Rectified<T> rectified, Read<T, In, Cuda> x, Y y) {
    gpu::channels_map<In, LayoutOf<In, Cuda>>(ctx, "berl::nn::PReLU", nn::detail::PReLUOf<number_of<T>>{rectified.weight}, y, x.data());
  }
  template <class T, class In, class DX>
  static void backward(Context<Cuda>& ctx, Rectified<T> rectified, Read<T, In, Cuda> x, Read<T, In, Cuda> dy, DX dx) {
    gpu::channels_sum<1, In, LayoutOf<In, Cuda>>(ctx, "berl::nn::PReLU", nn::detail::PReLUPullOf<number_of<T>>{rectified.weight}, dx,
                                                 nn::detail::AddToGradient<number_of<T>>{rectified.gradient}, x.data(), dy.data());
  }
};
