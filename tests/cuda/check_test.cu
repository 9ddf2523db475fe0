#include <doctest/doctest.h>

#include <berl/cuda/check.hpp>

#include <cuda_runtime.h>

#include <string>

using namespace berl;

namespace {
std::string text(cudaError_t code, int driver = 13000) {
  auto const s = gpu::sentence(code, driver, 13000);
  return s.found + "; " + s.expected + ". " + s.remedy;
}
bool says(std::string const& text, char const* words) { return text.find(words) != std::string::npos; }
}  // namespace

TEST_CASE("what goes wrong with a GPU is said in a sentence") {
  CHECK(says(text(cudaErrorNoDevice), "no NVIDIA GPU (cudaErrorNoDevice"));
  CHECK(says(text(cudaErrorNoDevice), "CUDA_VISIBLE_DEVICES"));
  CHECK(says(text(cudaErrorInsufficientDriver, 12040), "a driver for CUDA 12.4 "));
  CHECK(says(text(cudaErrorInsufficientDriver, 12040), "one for CUDA 13.0 or later"));
  CHECK(says(text(cudaErrorInsufficientDriver, 0), "no NVIDIA driver"));
  CHECK(says(text(cudaErrorMemoryAllocation), "Make the batch smaller"));
  CHECK(says(text(cudaErrorNoKernelImageForDevice), "CMAKE_CUDA_ARCHITECTURES"));
  CHECK(says(text(cudaErrorLaunchOutOfResources), "sizes within its limits"));
  CHECK(says(text(cudaErrorIllegalAddress), "compute-sanitizer"));
  CHECK(says(text(cudaErrorNotReady), "cudaErrorNotReady"));  // whatever else
}

TEST_CASE("a failed call says where it stands") {
  CHECK_NOTHROW(gpu::check(cudaSuccess, "cudaMalloc"));
  std::string said;
  int const line = __LINE__ + 2;
  try {
    gpu::check(cudaErrorMemoryAllocation, "cudaMalloc");
  } catch (Error const& error) {
    said = error.what();
  }
  CHECK(says(said, "cudaMalloc ("));
  CHECK(says(said, ("check_test.cu:" + std::to_string(line) + "): found ").c_str()));
}
