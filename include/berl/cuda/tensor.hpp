#pragma once
#include <berl/core/tensor.hpp>  // Tensor
#include <berl/cuda/launch.hpp>  // launch

#include <memory>       // unique_ptr
#include <string>       // to_string
#include <type_traits>  // is_same_v

namespace berl {
/// A batch on the GPU of the thread that made it; every byte is 0. Host code sees it through copies.
template <class T, class S, class L>
class Tensor<T, S, Cuda, L> {
 public:
  using shape = S;
  using element = T;

  explicit Tensor(int batch = 1) : batch_(batch) {
    if (batch == 0) return;
    data_.reset(reinterpret_cast<T*>(gpu::memory.allocate(size() * sizeof(T))));
  }

  Read<T, S, Cuda, L> read() const { return {data_.get(), batch_}; }
  Write<T, S, Cuda, L> write() { return {data_.get(), batch_}; }
  Add<T, S, Cuda, L> add() { return {data_.get(), batch_}; }
  int batch() const { return batch_; }
  std::size_t size() const { return static_cast<std::size_t>(batch_) * S::size; }

 private:
  struct Free {
    void operator()(T* data) const { gpu::memory.free(reinterpret_cast<std::byte*>(data)); }
  };
  std::unique_ptr<T[], Free> data_;
  int batch_;
};

namespace gpu::detail {
template <class S, class From, class To, class T>
struct Relayout {
  T const* from;
  T* to;
  BERL_FN void operator()(std::size_t i) const {
    std::size_t const sample = i / S::size * S::size;
    auto const [c, pixel] = element_at<S, To>(static_cast<int>(i - sample));
    to[i] = from[sample + static_cast<std::size_t>(offset_of<S, From>(c, pixel / width<S>, pixel % width<S>))];
  }
};
template <class S, class From, class To, class T>
void relayout(Context<Cuda>& ctx, T const* from, T* to, std::size_t n) {
  each(ctx, "berl::copy", n, Relayout<S, From, To, T>{from, to});
}
inline void expect_equal(int from, int to) {
  if (from != to)
    throw Error("berl::copy", "a batch of " + std::to_string(from) + " for one of " + std::to_string(to), "two of one size",
                "Make the tensor that is written as large as the one that is read.");
}
inline void copy_bytes(Context<Cuda>& ctx, void const* from, void* to, std::size_t bytes, cudaMemcpyKind kind) {
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, kind, ctx.stream.get()), "cudaMemcpyAsync");
}
}  // namespace gpu::detail

template <class S, class From, class To>
inline constexpr bool lie_alike = plane<S> == 1 || detail::beside<S, From> == detail::beside<S, To>;

/// What a copy to or from CUDA takes from the context's scratch: nothing where both sides lie alike.
template <class T, class S, class From, class To>
constexpr std::size_t copy_scratch_bytes(int batch) {
  return lie_alike<S, From, To> ? 0 : padded<T>(static_cast<std::size_t>(batch) * S::size) * sizeof(T);
}

/// From the host to the GPU, in the order of the context's queue. Ordinary host memory may be changed as soon as this returns; pinned
/// memory is read when the queue gets there.
///   errors  Error, when the batches differ
///   scratch copy_scratch_bytes
template <class T, class S, class From, class To>
void copy(Context<Cuda>& ctx, Read<T, S, Host, From> from, Write<T, S, Cuda, To> to) {
  gpu::detail::expect_equal(from.batch(), to.batch());
  std::size_t const n = from.size();
  if constexpr (lie_alike<S, From, To>) {
    gpu::detail::copy_bytes(ctx, from.data(), to.data(), n * sizeof(T), cudaMemcpyHostToDevice);
  } else {
    Scope const scope(ctx.scratch);
    T* const as_it_lies = ctx.scratch.template take<T>(n);
    gpu::detail::copy_bytes(ctx, from.data(), as_it_lies, n * sizeof(T), cudaMemcpyHostToDevice);
    gpu::detail::relayout<S, From, To>(ctx, static_cast<T const*>(as_it_lies), to.data(), n);
  }
}
/// From the GPU to the host. Ordinary host memory is written when this returns; pinned memory once the context has been waited for.
template <class T, class S, class From, class To>
void copy(Context<Cuda>& ctx, Read<T, S, Cuda, From> from, Write<T, S, Host, To> to) {
  gpu::detail::expect_equal(from.batch(), to.batch());
  std::size_t const n = from.size();
  if constexpr (lie_alike<S, From, To>) {
    gpu::detail::copy_bytes(ctx, from.data(), to.data(), n * sizeof(T), cudaMemcpyDeviceToHost);
  } else {
    Scope const scope(ctx.scratch);
    T* const as_it_will_lie = ctx.scratch.template take<T>(n);
    gpu::detail::relayout<S, From, To>(ctx, from.data(), as_it_will_lie, n);
    gpu::detail::copy_bytes(ctx, as_it_will_lie, to.data(), n * sizeof(T), cudaMemcpyDeviceToHost);
  }
}
/// On one GPU, or from one to another where both lie alike.
template <class T, class S, class From, class To>
void copy(Context<Cuda>& ctx, Read<T, S, Cuda, From> from, Write<T, S, Cuda, To> to) {
  gpu::detail::expect_equal(from.batch(), to.batch());
  if constexpr (lie_alike<S, From, To>)
    gpu::detail::copy_bytes(ctx, from.data(), to.data(), from.size() * sizeof(T), cudaMemcpyDefault);
  else
    gpu::detail::relayout<S, From, To>(ctx, from.data(), to.data(), from.size());
}
}  // namespace berl
