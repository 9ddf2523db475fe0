#pragma once
#include <berl/cuda/losses/margin_head.hpp>  // forward_backward
#include <berl/losses/any_head.hpp>          // AnyHead
#include <berl/losses/heads.hpp>             // with_head

#include <memory>  // make_shared

namespace berl::losses {
namespace detail {
template <class H, class S, class T>
struct HeldOnGpu final : AnyHead<S, T>::OnGpu {
  explicit HeldOnGpu(H const& given) : head(given) {}
  void forward_backward(Context<Cuda>& ctx, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> weight,
                        Add<T, S, Cuda> d_weight, Write<T, S, Cuda> d_embedding, Kept<T> const& kept, Write<double, Shape<2>, Cuda> result,
                        double filter) const override {
    losses::forward_backward(ctx, head, embedding, labels, weight, d_weight, d_embedding, kept, result, filter);
  }
  H head;
};
}  // namespace detail

/// The head of these settings, for training on a GPU. Compiles the kernels of every head: keep it in a unit of its own.
///   errors  Error: as with_head()
template <class S, class T = float>
AnyHead<S, T> make_head_on_gpu(HeadSettings const& settings) {
  AnyHead<S, T> made;
  with_head(settings, [&]<class H>(H const& head) { made = AnyHead<S, T>(head, std::make_shared<detail::HeldOnGpu<H, S, T>>(head)); });
  return made;
}
}  // namespace berl::losses
