#include "gpu.hpp"

#include <berl/cuda/launch.hpp>
#include <berl/cuda/tensor.hpp>

#include <string>

using namespace berl;
using gpu::needs_gpu;

static_assert(gpu::blocks_for(0, 256) == 0 && gpu::blocks_for(1, 256) == 1 && gpu::blocks_for(256, 256) == 1);
static_assert(gpu::blocks_for(257, 256) == 2);

namespace {
__global__ void count_up(int* to, int first) { to[blockIdx.x * blockDim.x + threadIdx.x] = first + static_cast<int>(threadIdx.x); }

struct alignas(8) Large {
  char bytes[4088];
};
__global__ void takes_much(Large, int*) {}

std::string refused(Context<Cuda>& ctx, gpu::Grid const& grid) {
  try {
    gpu::launch(ctx, "count_up", count_up, grid, static_cast<int*>(nullptr), 0);
  } catch (Error const& error) {
    return error.what();
  }
  return "";
}
}  // namespace

TEST_CASE("kernels run in the order of their context" * needs_gpu()) {
  Context<Cuda> ctx;
  Tensor<int, Shape<64>, Cuda> x(2);
  gpu::launch(ctx, "count_up", count_up, {2, 64}, x.write().data(), 1);
  gpu::launch(ctx, "count_up", count_up, {1, 64}, x.write().data(), 5L);  // converted to the kernel's int
  gpu::launch(ctx, "takes_much", takes_much, {1, 32, 64 * KiB}, Large{}, x.write().data());
  gpu::launch(ctx, "count_up", count_up, {0, 64}, x.write().data(), 9);  // nothing
  Tensor<int, Shape<64>> y(2);
  copy(ctx, x.read(), y.write());
  ctx.synchronize();
  CHECK(y[0] == 5);
  CHECK(y[63] == 68);
  CHECK(y[64] == 1);
}

TEST_CASE("a launch that the GPU refuses says so, and the next one works" * needs_gpu()) {
  Context<Cuda> ctx;
  CHECK(refused(ctx, {1, 4096}).find("count_up (") == 0);
  CHECK(refused(ctx, {1, 32, GiB}).find("a call that this GPU refuses") != std::string::npos);
  Tensor<int, Shape<64>, Cuda> x;
  CHECK_NOTHROW(gpu::launch(ctx, "count_up", count_up, {1, 64}, x.write().data(), 1));
  CHECK_NOTHROW(ctx.synchronize());
}
