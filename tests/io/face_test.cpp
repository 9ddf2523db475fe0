#include <berl/io/face.hpp>
#include <berl/networks/initialise.hpp>
#include <berl/networks/iresnet.hpp>

#include <doctest/doctest.h>

#include <thread>

#include "scratch_folder.hpp"

using namespace berl;
using test::message_of;
using test::ScratchFolder;

namespace {
struct TinyBackbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};

io::Image picture(int k) {
  auto image = io::blank(112, 112, k % 2 == 0 ? 3 : 1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(i * static_cast<std::size_t>(k + 3) / 17);
  return image;
}
io::Image mirrored(io::Image const& image) {
  auto other = image;
  for (int v = 0; v < image.height; ++v)
    for (int u = 0; u < image.width; ++u)
      for (int c = 0; c < image.channels; ++c) other.at(v, u, c) = image.at(v, image.width - 1 - u, c);
  return other;
}
/// Folded, each of 18 convolutions rounds its weights once more, by 6e-8, in sums of many terms.
bool near(std::vector<float> const& a, std::vector<float> const& b) {
  float worst = 0, largest = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    worst = std::max(worst, std::abs(a[d] - b[d]));
    largest = std::max(largest, std::abs(b[d]));
  }
  return a.size() == b.size() && worst <= 1e-5f * largest;
}
/// A backbone with numbers of its own in every array, running statistics too.
struct Backbone {
  using Trunk = TinyBackbone::Trunk;
  using Top = TinyBackbone::Top;
  using Tap = nn::OutputOf<Trunk, TinyBackbone::Input>;
  nn::Weights<Trunk, float> trunk;
  nn::Weights<Top, float> top;

  Backbone() {
    networks::initialise_backbone<float>(trunk.params, Seed{1});
    networks::initialise_backbone<float>(top.params, Seed{1});
    visit([](Path const& path, auto& array) {
      Random random(named(Seed{2}, path.text));
      using S = typename std::remove_cvref_t<decltype(array)>::shape;
      if constexpr (S::rank == 1)
        for (int k = 0; k < S::size; ++k) array.value()[k] += static_cast<float>(random.uniform(-0.2, 0.2));
    });
  }
  void visit(auto&& f) { trunk.params.visit(f, Path{}), top.params.visit(f, Path{}); }
  /// As a training writes it, or without a head, auxiliary networks and metadata.
  void write(std::filesystem::path const& path, bool bare = false) {
    io::SafeTensorsWriter writer;
    visit(nn::Each<float>(io::ArrayWriter(writer)));
    if (!bare) {
      for (char const* const other : {"head.weight", "iia.view.network.0.weight", "ira.depth.encoder.1.bias"})
        writer.add(other, {1}, std::vector<float>{1});
      writer.metadata("format", "berl model");
    }
    writer.write(path);
  }
  /// The layers as they are, norms for themselves.
  std::vector<float> embed(io::Image const& picture) {
    Tensor<float, TinyBackbone::Input> image;
    Tensor<float, Tap> tap;
    Tensor<float, nn::OutputOf<Top, Tap>> embedding;
    io::to_network(picture, image.span().data());
    Context<Host> ctx{1, Arena(std::max(nn::scratch<Trunk, float, TinyBackbone::Input>(1, 1), nn::scratch<Top, float, Tap>(1, 1)))};
    nn::forward<Trunk, Inference>(ctx, trunk.params, image.read(), tap.write(), Forget{});
    nn::forward<Top, Inference>(ctx, top.params, tap.read(), embedding.write(), Forget{});
    return {embedding.span().begin(), embedding.span().end()};
  }
};
}  // namespace

TEST_CASE("face: embeds as the layers do in evaluation mode, however many pictures at a time") {
  ScratchFolder scratch;
  Backbone backbone;
  backbone.write(scratch / "model.safetensors");
  auto const face = load<TinyBackbone>(scratch / "model.safetensors");
  static_assert(decltype(face)::size == 8);

  std::vector<io::Image> pictures;
  std::vector<std::vector<float>> expected;  // from here on its own, which are near the layers'
  for (int k = 0; k < 5; ++k) {
    pictures.push_back(picture(k));
    expected.push_back(face.embed(pictures.back()));
    CHECK(near(expected.back(), backbone.embed(pictures.back())));
  }
  for (int const batch : {1, 2, 16})
    for (int const threads : {1, 2}) CHECK(face.embed(pictures, Plain{}, threads, batch) == expected);
  CHECK(face.embed(std::span<io::Image const>{}).empty());
  CHECK(expected[0] != expected[1]);

  auto const other = face.embed(mirrored(pictures[1])), fused = face.embed(pictures[1], FlipFused{});
  for (std::size_t d = 0; d < 8; ++d) CHECK(fused[d] == expected[1][d] + other[d]);

  std::vector<std::vector<float>> found(5);  // one object, several threads
  {
    std::vector<std::jthread> threads;
    for (std::size_t k = 0; k < 5; ++k) threads.emplace_back([&, k] { found[k] = face.embed(pictures[k]); });
  }
  CHECK(found == expected);
}

TEST_CASE("face: takes the backbone from any file with its names, and nothing else") {
  ScratchFolder scratch;
  Backbone backbone;
  backbone.write(scratch / "backbone.safetensors", true);
  backbone.write(scratch / "model.safetensors");
  CHECK(load<TinyBackbone>(scratch / "backbone.safetensors").embed(picture(0)) ==
        load<TinyBackbone>(scratch / "model.safetensors").embed(picture(0)));

  struct Wide : networks::IResNet<2, 2, 2, 2, 8, 112, 8> {};
  CHECK(message_of<Error>([&] {
          load<Wide>(scratch / "model.safetensors");
        }).find("array 'conv1.weight': found shape [4, 3, 3, 3]; expected [8, 3, 3, 3]") != std::string::npos);
  CHECK(message_of<Error>([&] { load<TinyBackbone>(scratch / "nothing"); }).find("found no readable file") != std::string::npos);
}

TEST_CASE("face: a picture that is not aligned is refused") {
  ScratchFolder scratch;
  Backbone backbone;
  backbone.write(scratch / "model.safetensors");
  auto const face = load<TinyBackbone>(scratch / "model.safetensors");
  CHECK(message_of<Error>([&] { face.embed(io::blank(112, 111, 3)); }).find("picture 0: found 112 x 111 pixels; expected 112 x 112") !=
        std::string::npos);
}
