#pragma once
#include <berl/cuda/expr/evaluate.hpp>      // Kernel<Evaluate, Cuda>
#include <berl/cuda/expr/gradient.hpp>      // Kernel<Gradient, Cuda>
#include <berl/cuda/imaging/normals.hpp>    // Kernel<Normals, Cuda>
#include <berl/cuda/imaging/rasterize.hpp>  // Kernel<Rasterize, Cuda>
#include <berl/cuda/imaging/viewpoint.hpp>  // Kernel<Viewpoint, Cuda>
#include <berl/cuda/imaging/warp.hpp>       // Kernel<SamplingGrid, Cuda>, Kernel<Sample, Cuda>
#include <berl/imaging/renderer.hpp>        // render, render_backward
