#pragma once
#include <berl/losses/margin_head.hpp>  // MarginHead, forward_backward

#include <memory>  // shared_ptr
#include <stdexcept>
#include <utility>  // move

namespace berl::losses {
/// Any head for embeddings of shape S, chosen at run time: a training graph is compiled once for all of them, and the pass of each head
/// only in the unit that makes an AnyHead of it. Asked once per step, not per element.
///   errors  logic_error, where it is used before a head was put in
template <class S, class T = float>
class AnyHead {
 public:
  AnyHead() = default;
  template <MarginHead H>
  explicit AnyHead(H head) : kept_(std::make_shared<Holder<H>>(std::move(head))) {}

  /// The pass on a GPU, which make_head_on_gpu (berl/cuda/losses/any_head.hpp) puts in.
  struct OnGpu {
    virtual ~OnGpu() = default;
    virtual void forward_backward(Context<Cuda>&, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> weight,
                                  Add<T, S, Cuda> d_weight, Write<T, S, Cuda> d_embedding, Kept<T> const& kept,
                                  Write<double, Shape<2>, Cuda> result, double filter) const = 0;
  };
  template <MarginHead H>
  AnyHead(H head, std::shared_ptr<OnGpu const> on_gpu) : AnyHead(std::move(head)) {
    on_gpu_ = std::move(on_gpu);
  }

  HeadLayout layout() const { return held().layout(); }
  void initialize(Context<Host>& ctx, Write<T, S, Host> weight, Kept<T> kept, Seed seed) const {
    held().initialize(ctx, weight, kept, seed);
  }
  HeadResult forward(Context<Host>& ctx, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                     Kept<T const> kept, double filter) const {
    return held().forward(ctx, embedding, labels, weight, kept, filter);
  }
  HeadResult forward_backward(Context<Host>& ctx, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                              Add<T, S, Host> d_weight, Write<T, S, Host> d_embedding, Kept<T> kept, double filter) const {
    return held().forward_backward(ctx, embedding, labels, weight, d_weight, d_embedding, kept, filter);
  }

  OnGpu const& on_gpu() const {
    if (!on_gpu_)
      throw std::logic_error("berl::losses::AnyHead: a head of the host alone. On a GPU it is one of make_head_on_gpu<S>(settings).");
    return *on_gpu_;
  }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual HeadLayout layout() const = 0;
    virtual void initialize(Context<Host>&, Write<T, S, Host>, Kept<T>, Seed) const = 0;
    virtual HeadResult forward(Context<Host>&, Read<T, S, Host>, std::span<int const>, Read<T, S, Host>, Kept<T const>, double) const = 0;
    virtual HeadResult forward_backward(Context<Host>&, Read<T, S, Host>, std::span<int const>, Read<T, S, Host>, Add<T, S, Host>,
                                        Write<T, S, Host>, Kept<T>, double) const = 0;
  };
  template <class H>
  struct Holder final : Any {
    explicit Holder(H given) : head(std::move(given)) {}
    HeadLayout layout() const override { return layout_of(head); }
    void initialize(Context<Host>& ctx, Write<T, S, Host> weight, Kept<T> kept, Seed seed) const override {
      losses::initialize(ctx, head, weight, kept, seed);
    }
    HeadResult forward(Context<Host>& ctx, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                       Kept<T const> kept, double filter) const override {
      return losses::forward(ctx, head, embedding, labels, weight, kept, filter);
    }
    HeadResult forward_backward(Context<Host>& ctx, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                                Add<T, S, Host> d_weight, Write<T, S, Host> d_embedding, Kept<T> kept, double filter) const override {
      return losses::forward_backward(ctx, head, embedding, labels, weight, d_weight, d_embedding, kept, filter);
    }
    H head;
  };
  Any const& held() const {
    if (!kept_) throw std::logic_error("berl::losses::AnyHead: no head was put in. Give it one, AnyHead<S>(ArcFace{}).");
    return *kept_;
  }
  std::shared_ptr<Any const> kept_;
  std::shared_ptr<OnGpu const> on_gpu_;
};
template <class H>
inline constexpr bool is_any_head = false;
template <class S, class T>
inline constexpr bool is_any_head<AnyHead<S, T>> = true;

template <class T, class S>
void initialize(Context<Host>& ctx, AnyHead<S, T> const& head, Write<T, S, Host> weight, std::type_identity_t<Kept<T>> kept, Seed seed) {
  head.initialize(ctx, weight, kept, seed);
}
template <class T, class S>
HeadResult forward(Context<Host>& ctx, AnyHead<S, T> const& head, Read<T, S, Host> embedding, std::span<int const> labels,
                   Read<T, S, Host> weight, std::type_identity_t<Kept<T const>> kept, double filter = 0) {
  return head.forward(ctx, embedding, labels, weight, kept, filter);
}
template <class T, class S>
HeadResult forward_backward(Context<Host>& ctx, AnyHead<S, T> const& head, Read<T, S, Host> embedding, std::span<int const> labels,
                            Read<T, S, Host> weight, Add<T, S, Host> d_weight, Write<T, S, Host> d_embedding,
                            std::type_identity_t<Kept<T>> kept, double filter = 0) {
  return head.forward_backward(ctx, embedding, labels, weight, d_weight, d_embedding, kept, filter);
}
template <class T, class S>
void forward_backward(Context<Cuda>& ctx, AnyHead<S, T> const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels,
                      Read<T, S, Cuda> weight, Add<T, S, Cuda> d_weight, Write<T, S, Cuda> d_embedding,
                      std::type_identity_t<Kept<T>> const& kept, Write<double, Shape<2>, Cuda> result, double filter = 0) {
  head.on_gpu().forward_backward(ctx, embedding, labels, weight, d_weight, d_embedding, kept, result, filter);
}
}  // namespace berl::losses
