#pragma once
#include <berl/cuda/inbox.hpp>      // Inbox
#include <berl/cuda/nn/conv2d.hpp>  // the backbones' layers
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/params.hpp>  // Weights
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/cuda/nn/stored.hpp>
#include <berl/io/face.hpp>

#include <algorithm>  // max, min
#include <mutex>
#include <string>  // to_string

namespace berl {
namespace gpu {
struct FaceOptions {
  int gpu = 0;
  Precision precision = Precision::fp32;
  int batch = 32;  ///< pictures at a time, for which memory is planned once; fewer take as long, more are embedded in several rounds
};
}  // namespace gpu

/// The same on a GPU; compile as CUDA. One object serves several threads, one batch after the other. T is what maps are stored as: with
/// Bf16, pictures and embeddings are still floats.
///   berl::Face<berl::networks::IResNet100, float, berl::Cuda> const face(berl::io::read_weights("face.safetensors"));
///   auto const embeddings = face.embed(pictures);
template <class B, class T>
class Face<B, T, Cuda> {
  using Trunk = nn::Folded<typename B::Trunk>;
  using Top = nn::ToNumbers<nn::Folded<typename B::Top>, T>;
  using Number = number_of<T>;

 public:
  using Input = typename B::Input;
  using Tap = nn::OutputOf<Trunk, Input>;
  using Embedding = nn::OutputOf<Top, Tap>;
  static constexpr int size = Embedding::size;

  /// errors  Error: no such GPU, or too little memory on it; arrays of another network, numbers that are not finite
  explicit Face(io::SafeTensors const& file, gpu::FaceOptions const& options = {}) : work_(std::make_unique<Work>(file, options)) {}

  /// errors  as embed_pictures; Error, where the GPU fails
  template <class Fusion = Plain>
  std::vector<Number> embed(io::Image const& picture, Fusion fusion = {}) const {
    return embed(std::span<io::Image const>(&picture, 1), fusion).front();
  }
  template <class Fusion = Plain>
  std::vector<std::vector<Number>> embed(std::span<io::Image const> pictures, Fusion fusion = {}) const {
    int const batch = std::max(1, std::min(work_->options.batch, static_cast<int>(pictures.size())));
    return embed_pictures<Number, Input, Embedding>(
        pictures, batch, fusion,
        [this](Read<Number, Input, Host> images, Write<Number, Embedding, Host> embeddings) { work_->run(images, embeddings); });
  }

 private:
  struct Work {
    Work(io::SafeTensors const& file, gpu::FaceOptions const& given)
        : options(checked(given)),
          ctx(options.gpu),
          memory(plan(), gpu::memory),
          inbox(memory, options.batch),
          narrow(memory.template take<T>(nn::narrow<T> ? elements<Input>() : 0), options.batch),
          tap(memory.template take<T>(elements<Tap>()), options.batch),
          embedding(memory.template take<Number>(elements<Embedding>()), options.batch),
          host(io::read_folded_backbone<B, Number>(file)),
          trunk(ctx, host->trunk),
          top(ctx, host->top) {
      host.reset();
    }
    void run(Read<Number, Input, Host> images, Write<Number, Embedding, Host> embeddings) {
      std::lock_guard const lock(mutex);
      gpu::use(ctx.device);
      auto const x = nn::stored(ctx, inbox.send(ctx, images), narrow);
      nn::forward<Trunk, Inference>(ctx, trunk.params, x, tap, Forget{});
      nn::forward<Top, Inference>(ctx, top.params, tap.read(), embedding, Forget{});
      copy(ctx, Read<Number, Embedding, Cuda>(embedding.data(), embeddings.batch()), embeddings);
      ctx.synchronize();
    }
    static gpu::FaceOptions const& checked(gpu::FaceOptions const& o) {
      if (o.batch < 1) throw Error("berl::Face<B, T, Cuda>: batch", std::to_string(o.batch), "at least 1", "The default serves.");
      return o;
    }
    template <class S>
    std::size_t elements() const {
      return static_cast<std::size_t>(options.batch) * S::size;
    }
    /// Plans both networks and their scratch; the bytes of everything else.
    std::size_t plan() {
      int const n = options.batch;
      ctx.precision = gpu::precision_of<T>("berl::Face<B, T, Cuda>: precision", options.precision);
      ctx.scratch = Arena(std::max({gpu::plan<Trunk, T, Input, Forget>(ctx, n), gpu::plan<Top, T, Tap, Forget>(ctx, n),
                                    gpu::copy_block_scratch<Trunk, Number>(), gpu::copy_block_scratch<Top, Number>()}),
                          gpu::memory);
      return gpu::Inbox<Number, Input>::bytes(n) + nn::stored_bytes<T, Input>(n) + padded<T>(elements<Tap>()) * sizeof(T) +
             padded<Number>(elements<Embedding>()) * sizeof(Number);
    }

    gpu::FaceOptions options;
    Context<Cuda> ctx;
    Arena memory;
    gpu::Inbox<Number, Input> inbox;
    Write<T, Input, Cuda> narrow;
    Write<T, Tap, Cuda> tap;
    Write<Number, Embedding, Cuda> embedding;
    std::unique_ptr<io::FoldedWeightsOf<B, Number>> host;  // until they are copied
    gpu::Weights<Trunk, T> trunk;
    gpu::Weights<Top, T> top;
    std::mutex mutex;  // of a batch's way through all of this
  };
  std::unique_ptr<Work> work_;
};
}  // namespace berl
