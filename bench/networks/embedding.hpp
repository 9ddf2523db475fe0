#pragma once
#include <berl/io/face.hpp>              // Face, load
#include <berl/networks/initialise.hpp>  // initialise_backbone
#include <berl/networks/iresnet.hpp>     // IResNet100

#include <unistd.h>  // getpid
#include <filesystem>

#include "bench.hpp"

namespace berl::bench {
/// A backbone as it is used: loaded from a file. Its values are random.
template <class Backbone>
Face<Backbone> any_face() {
  auto const path = std::filesystem::temp_directory_path() / text("berl_bench_", getpid(), ".safetensors");
  {
    nn::Weights<typename Backbone::Trunk> trunk;
    nn::Weights<typename Backbone::Top> top;
    networks::initialise_backbone<float>(trunk.params, Seed{1});
    networks::initialise_backbone<float>(top.params, Seed{1});
    io::SafeTensorsWriter writer;
    io::ArrayWriter arrays(writer);
    nn::Each<float> const each(arrays);
    trunk.params.visit(each, Path{});
    top.params.visit(each, Path{});
    writer.write(path);
  }
  auto face = load<Backbone>(path);
  std::filesystem::remove(path);
  return face;
}

/// embedding/r100/b16: a backbone and how many pictures at a time.
template <class Backbone>
void add_embedding(char const* name, int batch) {
  add(text("embedding/", name, "/b", batch), [=](benchmark::State& state) {
    using F = Face<Backbone>;
    auto const face = any_face<Backbone>();
    Context<Host> ctx{threads_of(state), Arena(F::scratch_bytes(batch, threads_of(state)))};
    Tensor<float, typename F::Input> pictures(batch);
    Tensor<float, typename F::Embedding> embeddings(batch);
    randomise(pictures.span());
    auto const macs = nn::macs<typename F::Trunk, typename F::Input>() + nn::macs<typename F::Top, typename F::Tap>();
    measure(state, {.flops = 2.0 * batch * static_cast<double>(macs), .images = static_cast<double>(batch)},
            [&] { face.embed(ctx, pictures.read(), embeddings.write()); });
  });
}
}  // namespace berl::bench
