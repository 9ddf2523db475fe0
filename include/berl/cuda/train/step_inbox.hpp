#pragma once
#include <berl/cuda/launch.hpp>         // each
#include <berl/cuda/tensor.hpp>         // copy
#include <berl/losses/margin_head.hpp>  // check_labels

#include <cstdint>
#include <cstring>  // memcpy
#include <span>

namespace berl::train {
namespace detail {
struct SetNumber {
  std::uint64_t* to;
  std::uint64_t number;
  BERL_FN void operator()(std::size_t) const { *to = number; }
};
}  // namespace detail

/// The batch of a step, in three places: the host's pinned memory, from which a queue of its own copies it to a waiting place on the GPU
/// while a step runs, and the place that steps read, which is always the same, so that a recorded step finds it. All have the planned
/// size, so that what was planned fits.
template <class T, class Input>
class StepInbox {
  struct Place {
    Place(Arena& arena, int batch) : pictures(arena.take<T>(pixels(batch))), labels(arena.take<int>(static_cast<std::size_t>(batch))) {}
    T* pictures;
    int* labels;
  };
  static constexpr std::size_t pixels(int batch) { return static_cast<std::size_t>(batch) * Input::size; }
  static constexpr std::size_t place_bytes(int batch) {
    return padded<T>(pixels(batch)) * sizeof(T) + padded<int>(static_cast<std::size_t>(batch)) * sizeof(int);
  }

 public:
  static constexpr std::size_t bytes(int batch) { return 2 * place_bytes(batch) + padded<std::uint64_t>(1) * sizeof(std::uint64_t); }
  StepInbox(Arena& arena, int batch)
      : batch_(batch),
        pinned_memory_(place_bytes(batch), gpu::pinned_memory),
        pinned_(pinned_memory_, batch),
        waiting_(arena, batch),
        read_(arena, batch),
        step_(arena.take<std::uint64_t>(1)) {}
  StepInbox(StepInbox const&) = delete;
  StepInbox& operator=(StepInbox const&) = delete;
  ~StepInbox() { static_cast<void>(cudaStreamSynchronize(copies_.get())); }  // they read the pinned memory

  ///   errors  Error, for labels that name no identity: nothing has happened then
  void prepare(Read<T, Input, Host> pictures, std::span<int const> labels, int identities) {
    losses::detail::check_labels(labels, batch_, identities);
    arrived_.wait();  // the batch before has left the pinned memory
    std::memcpy(pinned_.pictures, pictures.data(), pictures.size() * sizeof(T));
    std::memcpy(pinned_.labels, labels.data(), labels.size_bytes());
    taken_.hold(copies_);  // and its waiting place
    copy(pinned_, waiting_, cudaMemcpyHostToDevice, copies_);
    arrived_.set(copies_);
  }
  /// While it is there, kernels draw by the number of the step that lies on the GPU, those that are recorded meanwhile by the one that lies
  /// there when they run. What else is done in the context draws by its own pass.
  class [[nodiscard]] Step {
   public:
    Step(Context<Cuda>& ctx, std::uint64_t const* number) : ctx_(ctx) { ctx.step = number; }
    Step(Step const&) = delete;
    Step& operator=(Step const&) = delete;
    ~Step() { ctx_.step = nullptr; }

   private:
    Context<Cuda>& ctx_;
  };
  Step take(Context<Cuda>& ctx, std::uint64_t step) {
    arrived_.hold(ctx.stream);
    copy(waiting_, read_, cudaMemcpyDeviceToDevice, ctx.stream);
    taken_.set(ctx.stream);
    gpu::each(ctx, "berl::train::Trainer", 1, detail::SetNumber{step_, step});
    return {ctx, step_};
  }
  Read<T, Input, Cuda> pictures() const { return {read_.pictures, batch_}; }
  Read<int, Shape<1>, Cuda> labels() const { return {read_.labels, batch_}; }
  /// Pictures for something else than a step, where a step reads its own; behind those of a smaller batch lie older ones.
  Read<T, Input, Cuda> between_steps(Context<Cuda>& ctx, Read<T, Input, Host> given) {
    berl::copy(ctx, given, Write<T, Input, Cuda>(read_.pictures, given.batch()));
    return pictures();
  }

 private:
  void copy(Place const& from, Place const& to, cudaMemcpyKind kind, gpu::Stream const& queue) const {
    auto const one = [&](void const* here, void* there, std::size_t bytes) {
      gpu::check(cudaMemcpyAsync(there, here, bytes, kind, queue.get()), "cudaMemcpyAsync");
    };
    one(from.pictures, to.pictures, pixels(batch_) * sizeof(T));
    one(from.labels, to.labels, static_cast<std::size_t>(batch_) * sizeof(int));
  }
  int batch_;
  Arena pinned_memory_;
  Place pinned_, waiting_, read_;
  std::uint64_t* step_;  // the number of the step, for kernels that draw random numbers
  gpu::Stream copies_;
  gpu::Event arrived_, taken_;  // at the waiting place, and from there
};
}  // namespace berl::train
