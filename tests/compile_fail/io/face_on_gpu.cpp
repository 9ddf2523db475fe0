// expect: berl::Face: for berl::Cuda include <berl/cuda/io/face.hpp>, and compile this file as CUDA.
#include <berl/io/face.hpp>
#include <berl/networks/iresnet.hpp>

#if defined(BERL_FIXED)
using Device = berl::Host;
#else
using Device = berl::Cuda;
#endif
static_assert(berl::Face<berl::networks::IResNet18, float, Device>::size == 512);
