#pragma once
#include <berl/cuda/nn/stored.hpp>  // round_block
#include <berl/cuda/tensor.hpp>     // copy
#include <berl/nn/state.hpp>        // place, SizesOf

#include <algorithm>    // max
#include <type_traits>  // remove_cvref_t
#include <vector>

/// How the arrays of a network lie on the GPU: as on the host, one behind the other in blocks that nn::place lays out, but the weights of
/// a convolution, (M, C, K, K) in files and on the host, as (M, K, K, C), which is how cuDNN reads them fastest.
namespace berl::gpu {
namespace detail {
/// An array as maps with channels: one map of size numbers, or M of C x K x K.
template <class S>
struct Maps {
  static constexpr int count = 1;
  using shape = Shape<S::size>;
  using on_gpu = Nchw;
};
template <int M, int C, int K, int L>
struct Maps<Shape<M, C, K, L>> {
  static constexpr int count = M;
  using shape = Shape<C, K, L>;
  using on_gpu = Nhwc;
};
/// f.template operator()<Maps of an array>(its place in a block) for each array of L.
template <class L, class T, class F>
void for_arrays(F const& f) {
  nn::ParamsOf<L, T, Host> params;
  T* const first = nullptr;  // places alone are asked for
  nn::place<L, T, Host>(params, first, first, first);
  params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        if constexpr (Trainable<P>) f.template operator()<Maps<typename P::shape>>(array.value() - first);
      },
      Nameless{});
}
}  // namespace detail

/// Bytes of ctx.scratch that either copy takes.
template <class L, class T>
std::size_t copy_block_scratch() {
  std::size_t most = 0;
  detail::for_arrays<L, T>([&]<class A>(std::ptrdiff_t) {
    most = std::max(most, copy_scratch_bytes<T, typename A::shape, Nchw, typename A::on_gpu>(A::count));
  });
  return most;
}
/// One block of L's parameters, of their gradients or of one of their moments, from the host to the GPU.
///   scratch copy_block_scratch
template <class L, class T>
void copy_block_to_gpu(Context<Cuda>& ctx, T const* from, T* to) {
  detail::for_arrays<L, T>([&]<class A>(std::ptrdiff_t at) {
    copy(ctx, Read<T, typename A::shape, Host, Nchw>(from + at, A::count),
         Write<T, typename A::shape, Cuda, typename A::on_gpu>(to + at, A::count));
  });
}
/// The same from the GPU to the host.
template <class L, class T>
void copy_block_to_host(Context<Cuda>& ctx, T const* from, T* to) {
  detail::for_arrays<L, T>([&]<class A>(std::ptrdiff_t at) {
    copy(ctx, Read<T, typename A::shape, Cuda, typename A::on_gpu>(from + at, A::count),
         Write<T, typename A::shape, Host, Nchw>(to + at, A::count));
  });
}

/// A network's arrays on the GPU, for evaluation: no gradients, and copied once from the host's, which may go then. Those are L's own, or
/// where L is to give numbers (nn::ToNumbers) the network's from which it is made.
///   scratch copy_block_scratch
template <class L, class T = float>
class Weights {
  using Number = number_of<T>;
  using Sizes = nn::SizesOf<L, Number>;
  static constexpr std::size_t operands = nn::operands<T>(Sizes::block);

 public:
  template <class From>
  Weights(Context<Cuda>& ctx, From& from) : memory_((Sizes::block + Sizes::buffers) * sizeof(Number) + operands * sizeof(T), gpu::memory) {
    Number* const values = memory_.take<Number>(Sizes::block);
    Number* const buffers = memory_.take<Number>(Sizes::buffers);
    T* const narrow = nn::narrow<T> ? memory_.take<T>(operands) : nullptr;
    nn::place<L, T, Cuda>(params, values, values, buffers, narrow);
    std::vector<Number*> places;
    params.visit([&](Nameless, auto& array) { places.push_back(array.value()); }, Nameless{});
    auto to = places.begin();
    from.visit(
        [&](Nameless, auto& array) {
          using A = detail::Maps<typename std::remove_cvref_t<decltype(array)>::shape>;
          copy(ctx, Read<Number, typename A::shape, Host, Nchw>(array.value(), A::count),
               Write<Number, typename A::shape, Cuda, typename A::on_gpu>(*to++, A::count));
        },
        Nameless{});
    if constexpr (nn::narrow<T>) round_block<T>(ctx, values, narrow, Sizes::block);
    ctx.synchronize();
  }

  nn::ParamsOf<L, T, Cuda> params;

 private:
  Arena memory_;
};
}  // namespace berl::gpu
