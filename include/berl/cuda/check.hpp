#pragma once
#include <berl/core/error.hpp>  // Error

#include <cuda_runtime_api.h>  // cudaError_t

#include <source_location>
#include <string>

namespace berl::gpu {
/// What an error code of the CUDA runtime means for the user, in the words of berl::Error.
struct Sentence {
  std::string found, expected, remedy;
};

/// 13000 is 13.0; 0 is no driver at all.
inline std::string version_text(int version) {
  return version == 0 ? "none" : std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// The sentence for a code, given the versions that the driver supports and that the program was built with.
inline Sentence sentence(cudaError_t code, int driver, int runtime) {
  std::string const named = std::string(cudaGetErrorName(code)) + ": " + cudaGetErrorString(code);
  switch (code) {
    case cudaErrorNoDevice:
      return {"no NVIDIA GPU (" + named + ")", "a GPU that the driver sees",
              "Run nvidia-smi; if it lists a GPU, look at CUDA_VISIBLE_DEVICES. Without a GPU use berl::Host."};
    case cudaErrorInsufficientDriver:
      if (driver == 0)
        return {"no NVIDIA driver (" + named + ")", "a driver for CUDA " + version_text(runtime) + " or later",
                "Install NVIDIA's driver, and run nvidia-smi to see it; in a container pass the GPU on. Without a GPU use berl::Host."};
      return {"a driver for CUDA " + version_text(driver) + " (" + named + ")", "one for CUDA " + version_text(runtime) + " or later",
              "Update NVIDIA's driver, or build with a CUDA toolkit that it supports."};
    case cudaErrorInvalidDevice:
      return {"no GPU of that number (" + named + ")", "a number below that of the GPUs", "nvidia-smi counts them, from 0."};
    case cudaErrorMemoryAllocation:
      return {"too little free memory on the GPU (" + named + ")", "the block to fit",
              "Make the batch smaller, or free the GPU of other programs; nvidia-smi lists them."};
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorInvalidDeviceFunction:
      return {"kernels compiled for other GPUs (" + named + ")", "code for this one",
              "Build for its compute capability, e.g. with -DCMAKE_CUDA_ARCHITECTURES=native."};
    case cudaErrorInvalidConfiguration:
    case cudaErrorLaunchOutOfResources:
    case cudaErrorInvalidValue:
      return {"a call that this GPU refuses (" + named + ")", "sizes within its limits",
              "Report the shapes and the GPU's name: berl should have said so itself."};
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
      return {
          "a kernel launched before that failed (" + named + ")", "every kernel to finish",
          "Results since then are void, and so is this process's use of the GPU. Run the program under compute-sanitizer to see which."};
    default: return {named, "success", "See the CUDA runtime's documentation of this error."};
  }
}

/// The exception for a failed call: its text names the call, the file and the line.
inline Error failure(cudaError_t code, char const* call, std::source_location const& from) {
  int driver = 0, runtime = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(cudaRuntimeGetVersion(&runtime));
  Sentence const s = sentence(code, driver, runtime);
  return {std::string(call) + " (" + from.file_name() + ":" + std::to_string(from.line()) + ")", s.found, s.expected, s.remedy};
}

/// Every call of the CUDA runtime goes through here: check(cudaMalloc(&p, bytes), "cudaMalloc").
///   errors  Error, unless the call succeeded
inline void check(cudaError_t code, char const* call, std::source_location const& from = std::source_location::current()) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // a refused call is over; only errors of kernels remain
  throw failure(code, call, from);
}
}  // namespace berl::gpu
