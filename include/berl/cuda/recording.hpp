#pragma once
#include <berl/cuda/context.hpp>  // Context<Cuda>, check

#include <exception>    // exception_ptr
#include <memory>       // unique_ptr
#include <type_traits>  // remove_pointer_t

namespace berl::gpu {
/// What a body puts into a context's queue, recorded once as a CUDA graph and not done; run() has all of it done, by one call. The body's
/// code on the host does not run again, so pointers, sizes and numbers stay as they were: what changes lies in the GPU's memory. What
/// libraries load when they are first used cannot be recorded: the body has run before.
///   errors  Error, where the body waits for the GPU or does something else that a graph cannot hold; what the body throws. The queue is
///           as it was then
class Recording {
 public:
  template <class F>
  Recording(Context<Cuda>& ctx, F const& body) : stream_(ctx.stream.get()) {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    std::exception_ptr thrown;
    try {
      body();
    } catch (...) {
      thrown = std::current_exception();
    }
    cudaGraph_t recorded = nullptr;
    cudaError_t const ended = cudaStreamEndCapture(stream_, &recorded);
    Held<cudaGraph_t, cudaGraphDestroy> const graph(recorded);
    if (thrown && ended == cudaSuccess) std::rethrow_exception(thrown);
    require(ended, "cudaStreamEndCapture", thrown);
    cudaGraphExec_t made = nullptr;
    require(cudaGraphInstantiate(&made, recorded, 0), "cudaGraphInstantiate");
    graph_.reset(made);
    require(cudaGraphUpload(made, stream_), "cudaGraphUpload");
  }
  void run() const { check(cudaGraphLaunch(graph_.get(), stream_), "cudaGraphLaunch"); }

  /// What is said where something cannot be recorded.
  static Error refusal(std::string const& found) {
    return {"berl::gpu::Recording", found, "work that one CUDA graph holds",
            "Set options.graph = false (train: --no-graph): then each kernel of a step is put into the queue by itself."};
  }

 private:
  template <class P, cudaError_t (*destroy)(P)>
  struct Destroy {
    void operator()(P p) const { static_cast<void>(destroy(p)); }
  };
  template <class P, cudaError_t (*destroy)(P)>
  using Held = std::unique_ptr<std::remove_pointer_t<P>, Destroy<P, destroy>>;

  /// `thrown` is what told of it first, where something did.
  static void require(cudaError_t code, char const* call, std::exception_ptr const& thrown = nullptr) {
    if (code == cudaSuccess) return;
    static_cast<void>(cudaGetLastError());
    std::string const text = std::string(call) + ": " + cudaGetErrorString(code);
    if (!thrown) throw refusal(text);
    try {
      std::rethrow_exception(thrown);
    } catch (std::exception const& error) {
      throw refusal(text + "; before that: " + error.what());
    }
  }
  cudaStream_t stream_;
  Held<cudaGraphExec_t, cudaGraphExecDestroy> graph_;
};
}  // namespace berl::gpu
