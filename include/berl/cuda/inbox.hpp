#pragma once
#include <berl/cuda/tensor.hpp>  // copy

#include <cstring>    // memcpy
#include <stdexcept>  // logic_error

namespace berl::gpu {
/// A batch on its way to the GPU: pinned memory of the host, from which it is copied while the host goes on. The GPU's batch always has
/// the planned size, so that what was planned fits; behind a smaller one lies an older, or zeros.
template <class T, class S>
class Inbox {
 public:
  /// What it takes from an arena of the GPU.
  static constexpr std::size_t bytes(int batch) { return padded<T>(elements(batch)) * sizeof(T); }
  Inbox(Arena& arena, int batch)
      : received_(arena.take<T>(elements(batch)), batch),
        memory_(bytes(batch), pinned_memory),
        pinned_(memory_.take<T>(elements(batch)), batch) {}

  /// Where the host may write what it sends: the same memory each time, which is free again once the context has been waited for.
  Write<T, S, Host> room(int n) const { return {pinned_.data(), checked(n)}; }
  /// What lies there, or anywhere else.
  Read<T, S, Cuda> send(Context<Cuda>& ctx, Read<T, S, Host> given) {
    checked(given.batch());
    if (given.data() != pinned_.data()) std::memcpy(pinned_.data(), given.data(), given.size() * sizeof(T));
    copy(ctx, Read<T, S, Host>(pinned_.data(), given.batch()), Write<T, S, Cuda>(received_.data(), given.batch()));
    return received_.read();
  }

 private:
  static constexpr std::size_t elements(int batch) { return static_cast<std::size_t>(batch) * S::size; }
  int checked(int n) const {
    if (n > pinned_.batch()) throw std::logic_error("berl::gpu::Inbox: more samples than the batch that was planned.");
    return n;
  }
  Write<T, S, Cuda> received_;
  Arena memory_;
  Write<T, S, Host> pinned_;
};
}  // namespace berl::gpu
