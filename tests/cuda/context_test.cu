#include "gpu.hpp"

#include <berl/cuda/context.hpp>

#include <string>

using namespace berl;
using gpu::needs_gpu;

TEST_CASE("without a GPU, or with a wrong number, a context says so") {
  int const wrong = gpu::found() ? gpu::devices() : 0;
  CHECK_THROWS_AS(Context<Cuda>{wrong}, Error);
  CHECK_THROWS_AS(Context<Cuda>{-1}, Error);
}

TEST_CASE("a context's scratch lies on the GPU and is given back" * needs_gpu()) {
  Context<Cuda> ctx(0, 1024);
  {
    Scope const scope(ctx.scratch);
    float* const block = ctx.scratch.take<float>(100);
    cudaPointerAttributes at{};
    gpu::check(cudaPointerGetAttributes(&at, block), "cudaPointerGetAttributes");
    CHECK(at.type == cudaMemoryTypeDevice);
    CHECK(at.device == 0);
  }
  CHECK(ctx.scratch.mark() == 0);
  CHECK(ctx.scratch.peak() == 448);
  CHECK_THROWS_AS(ctx.scratch.take<float>(1000), std::logic_error);
  CHECK_NOTHROW(ctx.synchronize());
}

TEST_CASE("more memory than there is" * needs_gpu()) {
  std::size_t free = 0, total = 0;
  gpu::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  std::string said;
  try {
    Arena const arena(4 * total, gpu::memory);
  } catch (Error const& error) {
    said = error.what();
  }
  CHECK(said.find("too little free memory") != std::string::npos);
  CHECK_NOTHROW(Arena(MiB, gpu::memory));  // the refused call has left nothing behind
}

TEST_CASE("a library's workspace starts at a multiple of 256 bytes and fits" * needs_gpu()) {
  Context<Cuda> ctx(0, gpu::workspace_bytes(1000) + 64);
  Scope const scope(ctx.scratch);
  CHECK(ctx.scratch.take<float>(1) != nullptr);
  auto const at = reinterpret_cast<std::uintptr_t>(gpu::take_workspace(ctx, 1000));
  CHECK(at % 256 == 0);
  CHECK(gpu::take_workspace(ctx, 0) == nullptr);
}
