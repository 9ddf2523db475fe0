#pragma once
#include <berl/core/arena.hpp>   // Arena, Memory
#include <berl/core/bf16.hpp>    // number_of
#include <berl/core/device.hpp>  // Context, Cuda
#include <berl/cuda/check.hpp>   // check
#include <berl/cuda/owned.hpp>   // Owned

#include <cstdint>      // uint64_t, uintptr_t
#include <cstring>      // memset
#include <memory>       // unique_ptr
#include <string>       // to_string
#include <type_traits>  // remove_pointer_t, is_same_v

namespace berl {
namespace gpu {
/// Blocks of the calling thread's GPU. Arenas and tensors take them where a plan is made; a step takes none.
inline constexpr Memory memory{[](std::size_t bytes) {
                                 void* block = nullptr;
                                 check(cudaMalloc(&block, bytes), "cudaMalloc");
                                 cudaStream_t queue = nullptr;  // waiting for the whole GPU would end what another thread records
                                 auto cleared = cudaStreamCreateWithFlags(&queue, cudaStreamNonBlocking);
                                 if (cleared == cudaSuccess) cleared = cudaMemsetAsync(block, 0, bytes, queue);
                                 if (cleared == cudaSuccess) cleared = cudaStreamSynchronize(queue);
                                 if (queue != nullptr) static_cast<void>(cudaStreamDestroy(queue));
                                 if (cleared != cudaSuccess) static_cast<void>(cudaFree(block));
                                 check(cleared, "cudaMemsetAsync");
                                 return static_cast<std::byte*>(block);
                               },
                               [](std::byte* block) noexcept { static_cast<void>(cudaFree(block)); }};
/// Host memory that the GPU reads and writes by itself, so that copies overlap kernels.
inline constexpr Memory pinned_memory{[](std::size_t bytes) {
                                        void* block = nullptr;
                                        check(cudaMallocHost(&block, bytes), "cudaMallocHost");
                                        std::memset(block, 0, bytes);
                                        return static_cast<std::byte*>(block);
                                      },
                                      [](std::byte* block) noexcept { static_cast<void>(cudaFreeHost(block)); }};

/// How many GPUs there are.
///   errors  Error, where there is none, or no driver that serves this program
inline int devices() {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

/// Makes a GPU the calling thread's, and returns its number.
///   errors  Error, where there is no such GPU
inline int use(int number) {
  int const count = devices();
  if (number < 0 || number >= count)
    throw Error("berl::Context<Cuda>", "GPU number " + std::to_string(number), "0 to " + std::to_string(count - 1),
                "nvidia-smi lists the GPUs.");
  check(cudaSetDevice(number), "cudaSetDevice");
  return number;
}

/// A queue of work on the calling thread's GPU.
class Stream {
 public:
  Stream() {
    cudaStream_t made = nullptr;
    check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    stream_.reset(made);
  }
  cudaStream_t get() const { return stream_.get(); }

 private:
  struct Destroy {
    void operator()(cudaStream_t stream) const { static_cast<void>(cudaStreamDestroy(stream)); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy> stream_;
};

/// A mark in a queue that others wait for. Until it is set, nobody does.
class Event {
 public:
  Event() {
    cudaEvent_t made = nullptr;
    check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    event_.reset(made);
  }
  /// Behind all that is in the queue; the mark that it was before is forgotten.
  void set(Stream const& queue) const { check(cudaEventRecord(event_.get(), queue.get()), "cudaEventRecord"); }
  /// Whatever is put into this queue from now on waits for the mark.
  void hold(Stream const& queue) const { check(cudaStreamWaitEvent(queue.get(), event_.get(), 0), "cudaStreamWaitEvent"); }
  /// The calling thread waits for it.
  ///   errors  Error, where a kernel failed
  void wait() const { check(cudaEventSynchronize(event_.get()), "cudaEventSynchronize"); }

 private:
  struct Destroy {
    void operator()(cudaEvent_t event) const { static_cast<void>(cudaEventDestroy(event)); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy> event_;
};
}  // namespace gpu

/// One GPU, the queue that operations are put into, and memory that lives as long as the call that takes it. Operations return before
/// they are done; each sees what those before it on the same context have written.
///   errors  Error, where there is no such GPU or too little memory on it
template <>
struct Context<Cuda> {
  explicit Context(int number = 0, std::size_t scratch_bytes = 0) : device(gpu::use(number)), scratch(scratch_bytes, gpu::memory) {}

  /// Waits until all that was put into the queue is done.
  ///   errors  Error, where a kernel failed
  void synchronize() const { gpu::check(cudaStreamSynchronize(stream.get()), "cudaStreamSynchronize"); }

  int device;     ///< the GPU of the thread that made the context; another thread calls gpu::use(device) before its first operation
  Arena scratch;  ///< sized by plan; operations take from it and give back before they return
  gpu::Stream stream;
  Precision precision = Precision::fp32;  ///< of what is planned from now on
  gpu::Owned owned;                       ///< handles of libraries, and what they have planned
  std::uint64_t const* step = nullptr;    ///< on the GPU: the number of the step, while kernels are recorded that are to read it; null: the
                                          ///< pass says
};

namespace gpu {
/// The precision of a context for maps that are stored as T: Bf16 has but one.
///   errors  Error, where maps of floats are to be multiplied as Bf16
template <class T>
Precision precision_of(char const* where, Precision asked) {
  if constexpr (!std::is_same_v<T, number_of<T>>) return Precision::bf16;
  if (asked == Precision::bf16)
    throw Error(where, "bf16 for maps of floats", "fp32 or tf32",
                "Name berl::Bf16 as the type of the maps, behind berl::Cuda or in its place of float.");
  return asked;
}
/// What a library's workspace takes from scratch, so that it can start at a multiple of 256 bytes, as libraries want it.
inline constexpr std::size_t workspace_alignment = 256;
constexpr std::size_t workspace_bytes(std::size_t bytes) { return bytes > 0 ? padded<std::byte>(bytes + workspace_alignment) : 0; }
/// Null for no bytes.
inline void* take_workspace(Context<Cuda>& ctx, std::size_t bytes) {
  if (bytes == 0) return nullptr;
  auto const block = reinterpret_cast<std::uintptr_t>(ctx.scratch.take<std::byte>(workspace_bytes(bytes)));
  return reinterpret_cast<void*>((block + workspace_alignment - 1) / workspace_alignment * workspace_alignment);
}
}  // namespace gpu
}  // namespace berl
