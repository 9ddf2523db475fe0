#pragma once
#include <berl/cuda/data/resize.hpp>              // resize
#include <berl/cuda/imaging/canonical_depth.hpp>  // the renderer's kernels
#include <berl/cuda/imaging/normals.hpp>
#include <berl/cuda/imaging/rasterize.hpp>
#include <berl/cuda/imaging/viewpoint.hpp>
#include <berl/cuda/imaging/warp.hpp>
#include <berl/cuda/inbox.hpp>      // Inbox
#include <berl/cuda/nn/conv2d.hpp>  // the layers'
#include <berl/cuda/nn/group_norm.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/params.hpp>  // Weights
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/cuda/nn/stored.hpp>
#include <berl/eval/explain.hpp>

#include <algorithm>  // max

/// Everything that Explainer<Model, Cuda> needs: #include this, and compile as CUDA.
template <>
struct berl::Kernel<berl::eval::Explaining, berl::Cuda> {
  static constexpr Memory const& memory = gpu::memory;

  template <class T>
  static Context<Cuda> context(eval::ExplainOptions const& o) {
    Context<Cuda> ctx(o.gpu);
    ctx.precision = gpu::precision_of<T>("berl::eval::Explainer: precision", o.precision);
    return ctx;
  }
  template <class L, class T>
  using Weights = gpu::Weights<L, T>;
  template <class L, class T, class In>
  static std::size_t plan(Context<Cuda>& ctx, eval::ExplainOptions const& o) {
    return std::max(gpu::plan<L, T, In, Forget>(ctx, o.batch), gpu::copy_block_scratch<L, float>());
  }
  /// The calling thread need not be the one that made the context.
  static void begin(Context<Cuda>& ctx) { gpu::use(ctx.device); }
  template <class S>
  using Inbox = gpu::Inbox<float, S>;
  static Arena outbox(std::size_t bytes) { return Arena(bytes, gpu::pinned_memory); }
  template <class S>
  static Read<float, S, Host> fetch(Context<Cuda>& ctx, Arena& outbox, Read<float, S, Cuda> maps) {
    Write<float, S, Host> const there(outbox.take<float>(maps.size()), maps.batch());
    copy(ctx, maps, there);
    return there.read();
  }
  static void wait(Context<Cuda>& ctx) { ctx.synchronize(); }
  template <class From, class To>
  static void resize(Context<Cuda>& ctx, data::Resize method, Read<float, From, Cuda> from, Write<float, To, Cuda> to) {
    data::resize(ctx, method, from, to);
  }
};
