#include <berl/io/face.hpp>
#include <berl/model.hpp>

#include <doctest/doctest.h>

#include <thread>

#include "scratch_folder.hpp"

using namespace berl;
using test::message_of;
using test::ScratchFolder;

namespace {
struct TinyBackbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
using Tiny = Model<TinyBackbone, losses::CurricularFace, networks::Bypass<16, 4, 4>>;

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
/// A model after two steps, so that running statistics are no ones and zeros.
train::Trainer<Tiny, Host> trained() {
  train::Trainer<Tiny, Host> trainer({.identities = 3, .batch = 4});
  Tensor<float, Tiny::Input> images(4);
  for (int i = 0; i < 4; ++i) io::to_network(picture(i), images.write().sample(i));
  for (int step = 0; step < 2; ++step) trainer.step(images.read(), std::vector<int>{0, 1, 2, 0});
  return trainer;
}
}  // namespace

TEST_CASE("face: embeds as the trainer's backbone does in evaluation mode, however many pictures at a time") {
  ScratchFolder scratch;
  auto trainer = trained();
  io::save_model(scratch / "model.safetensors", trainer.parameters(), {"tiny", 3, 2, {}});
  auto const face = load<TinyBackbone>(scratch / "model.safetensors");
  static_assert(decltype(face)::size == 8);

  std::vector<io::Image> pictures;
  std::vector<std::vector<float>> expected;  // from here on its own, which are near the trainer's
  for (int k = 0; k < 5; ++k) {
    pictures.push_back(picture(k));
    Tensor<float, Tiny::Input> image;
    Tensor<float, Tiny::Embedding> embedding;
    io::to_network(pictures.back(), image.span().data());
    trainer.embed(image.read(), embedding.write());
    expected.push_back(face.embed(pictures.back()));
    CHECK(near(expected.back(), {embedding.span().begin(), embedding.span().end()}));
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
  auto trainer = trained();
  io::SafeTensorsWriter writer;  // without head, auxiliary networks and metadata
  io::ArrayWriter arrays(writer);
  trainer.parameters().visit_backbone(arrays);
  writer.write(scratch / "backbone.safetensors");
  io::save_model(scratch / "model.safetensors", trainer.parameters(), {"tiny", 3, 2, {}});
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
  auto trainer = trained();
  io::save_model(scratch / "model.safetensors", trainer.parameters(), {"tiny", 3, 2, {}});
  auto const face = load<TinyBackbone>(scratch / "model.safetensors");
  CHECK(message_of<Error>([&] { face.embed(io::blank(112, 111, 3)); }).find("picture 0: found 112 x 111 pixels; expected 112 x 112") !=
        std::string::npos);
}
