#pragma once
#include <berl/core/arena.hpp>     // Arena
#include <berl/core/tensor.hpp>    // Tensor
#include <berl/io/backbone.hpp>    // FoldedWeightsOf, read_folded_backbone
#include <berl/io/image.hpp>       // Image, to_network
#include <berl/io/weights.hpp>     // read_weights
#include <berl/nn/sequential.hpp>  // forward

#include <algorithm>  // max, min, reverse
#include <filesystem>
#include <memory>  // unique_ptr
#include <span>
#include <string>
#include <type_traits>  // is_same_v
#include <vector>

namespace berl {
/// What becomes of a picture: it is embedded as it is, or its embedding and that of its mirror image are added (flip fusion).
struct Plain {};
struct FlipFused {};

/// Embeds pictures with whatever can embed a batch: run(images, embeddings), of `batch` pictures at the most.
///   errors  Error: a picture that is not as large as the network's input, which is aligned faces
template <class T, class Input, class Embedding, class Fusion, class Run>
std::vector<std::vector<T>> embed_pictures(std::span<io::Image const> pictures, int batch, Fusion, Run const& run) {
  constexpr int W = width<Input>, H = height<Input>, size = Embedding::size;
  std::vector<std::vector<T>> all;
  Tensor<T, Input> images(batch);
  Tensor<T, Embedding> embeddings(batch);
  for (std::size_t first = 0; first < pictures.size(); first += static_cast<std::size_t>(batch)) {
    auto const some = pictures.subspan(first, std::min(pictures.size() - first, static_cast<std::size_t>(batch)));
    int const n = static_cast<int>(some.size());
    for (int i = 0; i < n; ++i) {
      io::Image const& picture = some[static_cast<std::size_t>(i)];
      if (picture.width != W || picture.height != H)
        throw Error("berl::embed: picture " + std::to_string(first + static_cast<std::size_t>(i)),
                    std::to_string(picture.width) + " x " + std::to_string(picture.height) + " pixels",
                    std::to_string(W) + " x " + std::to_string(H) + ", an aligned face",
                    "Align the picture, or cut it with data::fit_square.");
      io::to_network(picture, images.write().sample(i));
    }
    Read<T, Input, Host> const x(images.span().data(), n);
    Write<T, Embedding, Host> const e(embeddings.span().data(), n);
    run(x, e);
    for (int i = 0; i < n; ++i) all.emplace_back(e.sample(i), e.sample(i) + size);
    if constexpr (std::is_same_v<Fusion, FlipFused>) {
      for (T* row = images.span().data(); row != images.span().data() + n * Input::size; row += W) std::reverse(row, row + W);
      run(x, e);
      for (int i = 0; i < n; ++i)
        for (int d = 0; d < size; ++d) all[first + static_cast<std::size_t>(i)][static_cast<std::size_t>(d)] += e.sample(i)[d];
    }
  }
  return all;
}

/// A backbone that turns pictures into embeddings, and nothing else. Batch norms are folded into the convolutions before them when
/// it is loaded. Copies nothing and changes nothing once loaded: one object serves several threads.
///   auto const face = berl::load<berl::networks::IResNet100>("face.safetensors");
///   auto const e = face.embed(picture);
/// With Device = Cuda, #include <berl/cuda/io/face.hpp>.
template <class B, class T = float, class Device = Host>
class Face {
  static_assert(std::is_floating_point_v<T> || !std::is_same_v<Device, Host>, "berl::Face: maps of 16 bits are for berl::Cuda.");
  static_assert(std::is_same_v<Device, Host>, "berl::Face: for berl::Cuda include <berl/cuda/io/face.hpp>, and compile this file as CUDA.");

 public:
  using Input = typename B::Input;
  using Trunk = typename B::Trunk;
  using Top = typename B::Top;
  using Tap = nn::OutputOf<Trunk, Input>;
  using Embedding = nn::OutputOf<Top, Tap>;
  static constexpr int size = Embedding::size;

  /// errors  Error: arrays of another network, numbers that are not finite
  explicit Face(io::SafeTensors const& file) : weights_(io::read_folded_backbone<B, T>(file)) {}

  /// The embedding before it is brought to unit length, in the mode of evaluation.
  ///   errors  as embed_pictures
  template <class Fusion = Plain>
  std::vector<T> embed(io::Image const& picture, Fusion fusion = {}) const {
    return embed(std::span(&picture, 1), fusion).front();
  }
  /// The same for any number of pictures, `batch` at a time.
  template <class Fusion = Plain>
  std::vector<std::vector<T>> embed(std::span<io::Image const> pictures, Fusion fusion = {}, int threads = 1, int batch = 16) const {
    batch = std::max(1, std::min(batch, static_cast<int>(pictures.size())));
    Context<Host> ctx{threads, Arena(scratch_bytes(batch, threads)), Convolutions::per_picture};
    return embed_pictures<T, Input, Embedding>(pictures, batch, fusion,
                                               [&](auto images, auto embeddings) { embed(ctx, images, embeddings); });
  }
  /// The same on memory that the caller has planned, scratch_bytes() of it in ctx.
  void embed(Context<Host>& ctx, Read<T, Input, Host> pictures, Write<T, Embedding, Host> embeddings) const {
    Scope const scope(ctx.scratch);
    Write<T, Tap, Host> const tap(ctx.scratch.template take<T>(pictures.size() / Input::size * Tap::size), pictures.batch());
    nn::forward<nn::Folded<Trunk>, Inference>(ctx, weights_->trunk, pictures, tap, Forget{});
    nn::forward<nn::Folded<Top>, Inference>(ctx, weights_->top, tap.read(), embeddings, Forget{});
  }
  static constexpr std::size_t scratch_bytes(int batch, int threads) {
    return std::max(nn::scratch<nn::Folded<Trunk>, T, Input>(batch, threads), nn::scratch<nn::Folded<Top>, T, Tap>(batch, threads)) +
           padded<T>(static_cast<std::size_t>(batch) * Tap::size) * sizeof(T);
  }

 private:
  std::unique_ptr<io::FoldedWeightsOf<B, T>> weights_;
};

/// The backbone in a model.safetensors, or in any file that read_weights takes; what else it holds is left out.
///   errors  Error: no such file, a file that is damaged or of another network
template <class B, class T = float>
Face<B, T> load(std::filesystem::path const& path) {
  return Face<B, T>(io::read_weights(path));
}
}  // namespace berl
