#pragma once
#include <berl/core/arena.hpp>  // Arena

namespace berl {
struct Host {};
struct Cuda {};

/// What an operation needs besides its arguments: where it runs, with what, and memory that lives as long as the call.
template <class Device>
struct Context;

/// How the host convolves: 3 x 3 and 5 x 5 kernels by Winograd's method where that is faster, or all directly. Winograd's sums in float are
/// off by 1e-6 of their size, about what direct sums are; either method gives the same bits for any number of threads.
enum class Convolutions {
  fastest,      ///< for the whole batch
  per_picture,  ///< the fastest for one picture, so that a picture has the same bits in any batch
  direct
};

/// How CUDA multiplies in convolutions and products; all add in float. The host multiplies floats as they are.
enum class Precision {
  fp32,  ///< floats as they are
  tf32,  ///< floats rounded to 10 bits behind the point (2^-11 of each, 5e-4), on the tensor cores
  bf16   ///< maps and weights that are stored as Bf16 (2^-8 of each, 4e-3), on the tensor cores; floats, where there are any, as tf32
};

template <>
struct Context<Host> {
  int threads = 1;  ///< results are the same bits for any number
  Arena scratch;    ///< sized by plan; operations take from it and give back before they return
  Convolutions convolutions = Convolutions::fastest;
};

/// The one place where an operation meets a device. A specialisation is a struct with static functions.
template <class Operation, class Device>
struct Kernel {
  static_assert(sizeof(Operation) == 0,
                "berl: this operation has no kernel for this device. Include its file below <berl/cuda/> and compile this "
                "file as CUDA.");
};
}  // namespace berl
